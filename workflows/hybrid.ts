import { proxyActivities } from '@temporalio/workflow';
import type { Activities, Verdict } from '../src/contract/activity-types';
import * as options from './activity-options';
import { runCopy } from './children';
import { prepare, type Course } from './course';
import { whileFollowing, whileWatched } from './follow';
import { followToFreeze } from './follow-to-freeze';
import { plainFailure } from './input';

const long = proxyActivities<Activities>(options.longRunning);

/**
 * Copy, follow, short cutover: the sources are written to until the freeze. Ends with the sources frozen and the target
 * proved; opening it is what comes after.
 */
export async function hybrid(course: Course): Promise<Verdict> {
  const { run } = course;
  await prepare(course);
  const verdict = run.finished.includes('freeze') ? run.verdict : await copyAndFollow(course);
  if (verdict === null) throw plainFailure('NotProved', 'The sources are frozen, and the ledger holds no verdict.');
  // the target's own triggers fire for the application only, not for what rounds write
  await long.restoreTriggers(run.ref);
  return verdict;
}

async function copyAndFollow(course: Course): Promise<Verdict> {
  const { run, desk, phase } = course;
  await phase('capture', 'putting the capture of changes in place', async () => {
    await long.installCapture(run.ref);
  });
  return whileWatched(run, desk, async () => {
    await phase('copy', 'copying', () => runCopy(run, desk));
    await phase('delta', 'catching up with what changed during the copy', () =>
      whileFollowing(run, desk, (follower) => follower.caughtUp(), true),
    );
    await phase('settle', 'settling unique keys and references', async () => {
      await long.settle(run.ref);
    });
    await phase('finish', 'rebuilding indexes and foreign keys', async () => {
      await long.rebuildIndexes(run.ref);
      await long.rebuildForeignKeys(run.ref);
      await long.advanceSequences(run.ref);
    });
    return followToFreeze(course);
  });
}
