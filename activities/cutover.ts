import type { CutoverActivities } from '../src/contract/activity-types';
import { isOpened } from '../src/postgres/ledger/cutover';
import { appendEvent } from '../src/postgres/ledger/event';
import { checkCutover } from './cutover-checklist';
import { freezeSource } from './cutover-freeze-source';
import { putGuard } from './cutover-guard';
import { callSwitch, openTarget } from './cutover-open';
import { cutOver } from './cutover-run';
import { frozenSources, onSources } from './cutover-sources';
import { cutoverSteps, type CutoverSteps } from './cutover-steps';
import { writersOf } from './cutover-writers';
import type { ActivityHost } from './host';
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
