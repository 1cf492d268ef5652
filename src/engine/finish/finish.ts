import type { FinishActivities } from '../../contract/activity-types';
import type { RunRef } from '../../contract/run';
import { readSteps } from '../../postgres/ledger/run/step';
import { changeTarget } from '../../postgres/queries/schema-change/settings';
import { analyzeTable } from '../../postgres/queries/schema-change/view';
import { dotted, qualified } from '../../sql/quote';
import { writeIdMaps } from './write-id-map';
import { restoreCheck } from '../settle/restore-checks';
import { restoreForeignKeyStep, restoreIndex, restoreTriggers } from '../prepare/restore-objects';
import { advanceSequencesOf } from './advance-sequences';
import { refreshViews } from './refresh-views';
import { onTarget } from '../target-work';
import { asApplication } from '../../postgres/application-path';
import type { Host } from '../host';

/* Every step reads from the ledger what is left to do and may be repeated at any point. */

/** Builds again what was set aside for the load. */
export function rebuildIndexes(host: Host, ref: RunRef): ReturnType<FinishActivities['rebuildIndexes']> {
  return onTarget(host, ref, 'rebuild indexes', async (work) => {
    const steps = await readSteps(work.session, work.run.run, 'index');
    for (const step of steps) if (step.state === 'done') await restoreIndex(work, step, 'restored');
    return { rebuilt: steps.length };
  });
}

/** Keys, then CHECKs that may look at other rows; validated as they were. */
export function rebuildForeignKeys(host: Host, ref: RunRef): ReturnType<FinishActivities['rebuildForeignKeys']> {
  return onTarget(host, ref, 'rebuild foreign keys', async (work) => {
    const steps = await readSteps(work.session, work.run.run, 'foreign_key');
    for (const step of steps) if (step.state === 'done') await restoreForeignKeyStep(work, step, 'restored');
    const checks = await readSteps(work.session, work.run.run, 'check');
    // those of partitions first: the parent's then finds them there
    for (const step of [...checks].reverse()) if (step.state === 'done') await restoreCheck(work, step, 'restored');
    return { rebuilt: steps.length };
  });
}

/** Triggers as they were before the load. */
export function restoreAllTriggers(host: Host, ref: RunRef): ReturnType<FinishActivities['restoreTriggers']> {
  return onTarget(host, ref, 'restore triggers', async (work) => {
    const steps = await readSteps(work.session, work.run.run, 'triggers');
    for (const step of steps) if (step.state === 'done') await restoreTriggers(work, step, 'restored');
    return { restored: steps.reduce((sum, step) => sum + step.detail.triggers.length, 0) };
  });
}

/** Moves sequences above every number that was given out on either side. */
export function advanceSequences(host: Host, ref: RunRef): ReturnType<FinishActivities['advanceSequences']> {
  return onTarget(host, ref, 'advance sequences', (work) => advanceSequencesOf(host, work));
}

/** Statistics of the mapped tables and materialized views; `again` once the target is open. */
export function analyzeAndRefresh(
  host: Host,
  ref: RunRef,
  again = false,
): ReturnType<FinishActivities['analyzeAndRefresh']> {
  return onTarget(host, ref, 'analyze', async (work) => {
    for (const mapping of work.mappings) {
      const object = qualified(mapping.target);
      const options = { object, doing: `analyzing ${dotted(mapping.target)}`, onAttempt: work.heartbeat };
      await changeTarget(work.session, work.run.run, options, () =>
        asApplication(work.session, () => analyzeTable(work.session, mapping.target)),
      );
    }
    return { analyzed: work.mappings.length, refreshed: await refreshViews(work, again) };
  });
}

/** Source key and target key of every row of tables whose plan asks for it. */
export function writeAllIdMaps(host: Host, ref: RunRef): ReturnType<FinishActivities['writeIdMap']> {
  return onTarget(host, ref, 'write id map', (work) => writeIdMaps(host, work));
}
