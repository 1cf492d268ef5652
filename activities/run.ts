import type { RunActivities } from '../src/contract/activity-types';
import {
  closeRunAs,
  finishPhase,
  notify,
  openForWorkflow,
  recordCommand,
  recordEvent,
  startPhase,
  type RunHost,
} from '../src/engine/run/run';

/** Opening, recording and closing runs. Each looks into the ledger first, so a repeated call changes nothing twice. */
export function createRunActivities(host: RunHost): RunActivities {
  return {
    openRun: (input) => openForWorkflow(host, input),
    startPhase: ({ ref, phase }) => startPhase(host, ref, phase),
    finishPhase: ({ ref, phase }) => finishPhase(host, ref, phase),
    recordEvent: ({ ref, kind, body }) => recordEvent(host, ref, kind, body),
    recordCommand: (input) => recordCommand(host, input),
    closeRun: ({ ref, outcome, sentence }) => closeRunAs(host, ref, outcome, sentence),
    notify: ({ ref, kind, sentence }) => notify(host, ref, kind, sentence),
  };
}
