import { CancellationScope, condition } from '@temporalio/workflow';
import type { OpenedRun } from '../src/contract/activity-types';
import type { AbortMessage, ApproveMessage } from '../src/contract/run';
import type { RunView } from '../src/progress/run-view';
import { DeskState } from './desk-state';
import { plainFailure } from './input';
import { installSignals } from './operator-signals';
import { installUpdates } from './operator-updates';

/** The operator's side of one run: page, commands, gates. */
export interface ControlDesk {
  view(): RunView;
  change(next: (view: RunView) => RunView): void;
  opened(run: OpenedRun): void;
  /** Waits while the run is paused. */
  whenRunning(): Promise<void>;
  /** Parks at one of `gates`; resolves with the approval of one of them. */
  gate(gates: readonly string[], question: string, sentence: string): Promise<ApproveMessage>;
  paused(): boolean;
  /** How many `decide` commands were accepted so far. */
  decisions(): number;
  /** Resolves once more than `seen` were accepted: read the number before looking, so that none is missed. */
  decidedSince(seen: number): Promise<void>;
  /** Runs work that `abort` cancels. */
  abortable<T>(work: () => Promise<T>): Promise<T>;
  aborted(): AbortMessage | null;
  /** Forgets an abort once it was acted on. */
  settleAbort(): void;
  /** Adds a child that gets pause, resume and resolve. */
  listen(child: string): void;
  /** No child listens any more. */
  quiet(): void;
}

/** Opens the desk; its handlers stand before anything is awaited, so that no message finds nobody. */
export function openControlDesk(plan: string): ControlDesk {
  const desk = new DeskState(plan);
  installUpdates(desk);
  installSignals(desk);
  return {
    view: () => desk.view,
    change: (next) => desk.show(next(desk.view)),
    opened: (run) => {
      desk.run = run;
    },
    whenRunning: () => condition(() => !desk.paused),
    gate: (gates, question, sentence) => waitAtGate(desk, gates, question, sentence),
    paused: () => desk.paused,
    decisions: () => desk.decisions,
    decidedSince: (seen) => condition(() => desk.decisions > seen),
    abortable: async (work) => {
      const scope = new CancellationScope();
      desk.scope = scope;
      try {
        const result = await scope.run(work);
        // an abort that was accepted while the last step ended still counts
        if (desk.abort !== null) throw plainFailure('Aborted', 'Aborted at the end of the last step.');
        return result;
      } finally {
        desk.scope = null;
      }
    },
    aborted: () => desk.abort,
    settleAbort: () => {
      desk.abort = null;
    },
    listen: (child) => {
      desk.listeners = [...desk.listeners, child];
    },
    quiet: () => {
      desk.listeners = [];
    },
  };
}

async function waitAtGate(
  desk: DeskState,
  gates: readonly string[],
  question: string,
  sentence: string,
): Promise<ApproveMessage> {
  desk.approval = null;
  desk.openGates = gates;
  desk.show({ ...desk.view, gate: gates[0] ?? null, gateQuestion: question, state: 'waiting', sentence });
  await condition(() => desk.approval !== null);
  desk.openGates = [];
  desk.show({ ...desk.view, gate: null, gateQuestion: null, state: 'running', sentence: 'goes on' });
  return desk.approval as unknown as ApproveMessage;
}
