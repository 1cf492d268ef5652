import type { CutoverActivities } from '../src/contract/activity-types';
import { isOpened } from '../src/postgres/ledger/cutover';
import { appendEvent } from '../src/postgres/ledger/run/event';
import { checkCutover } from '../src/engine/cutover/checklist';
import { freezeSource } from '../src/engine/cutover/freeze-source';
import { putGuard } from '../src/engine/cutover/guard';
import { callSwitch, openTarget } from '../src/engine/cutover/open-target';
import { cutOver } from '../src/engine/cutover/cut-over';
import { frozenSources, onSources } from '../src/engine/cutover/source-sessions';
import { cutoverSteps, type CutoverSteps } from '../src/engine/cutover/steps';
import { writersOf } from '../src/engine/cutover/writers';
import type { ActivityHost } from './temporal-host';
import { onTarget } from './prepare-host';

/** Each looks first at what stands (triggers on the sources, the ledger on the target), so that a repeated call goes on from there. */
export function createCutoverActivities(
  host: ActivityHost,
  env: NodeJS.ProcessEnv,
  steps: CutoverSteps = cutoverSteps,
): CutoverActivities {
  return {
    guardTarget: (ref) => onTarget(host, ref, 'guard', putGuard),
    freezeSource: (ref, by) => freezeSource(host, ref, by),
    checkCutover: (ref, approval) => checkCutover(host, steps, ref, approval),
    cutOver: (ref, options) => cutOver(host, steps, ref, options),
    freezeState: (ref) =>
      onSources(host, ref, 'look at the freeze', async (works) => {
        const states = [...(await frozenSources(works))];
        return {
          opened: await isOpened(works.ledger, works.run.run),
          frozen: states.filter(([, state]) => state !== 'none').map(([source]) => source),
          whole: states.length > 0 && states.every(([, state]) => state === 'whole'),
        };
      }),
    openTarget: (ref) => openTarget(host, ref),
    callSwitch: (ref) => callSwitch(host, env, ref),
    listWriters: (ref, moment) =>
      onSources(host, ref, 'writers', async (works) => {
        const writers = await writersOf(works.relations, works.source);
        await appendEvent(works.ledger, works.run.run, 'writers', { moment, writers });
        return writers;
      }),
  };
}
