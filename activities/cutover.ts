import type { CutoverActivities } from '../src/contract/activity-types';
import { checkCutover } from '../src/engine/cutover/checklist';
import { cutOver } from '../src/engine/cutover/cut-over';
import { freezeSource } from '../src/engine/cutover/freeze-source';
import { freezeState, listWriters } from '../src/engine/cutover/freeze-state';
import { putGuard } from '../src/engine/proof/guard';
import { callSwitch, openTarget } from '../src/engine/cutover/open-target';
import { cutoverSteps, type CutoverSteps } from '../src/engine/cutover/steps';
import type { Host } from '../src/engine/host';
import { onTarget } from '../src/engine/target-work';

/** Each looks first at what is there (triggers on the sources, the ledger on the target), so that a repeated call goes on from it. */
export function createCutoverActivities(
  host: Host,
  env: NodeJS.ProcessEnv,
  steps: CutoverSteps = cutoverSteps,
): CutoverActivities {
  return {
    guardTarget: (ref) => onTarget(host, ref, 'guard', putGuard),
    freezeSource: ({ ref, by }) => freezeSource(host, ref, by),
    checkCutover: ({ ref, approval }) => checkCutover(host, steps, ref, approval),
    cutOver: ({ ref, ...options }) => cutOver(host, steps, ref, options),
    freezeState: (ref) => freezeState(host, ref),
    openTarget: (ref) => openTarget(host, ref),
    callSwitch: (ref) => callSwitch(host, env, ref),
    listWriters: ({ ref, moment }) => listWriters(host, ref, moment),
  };
}
