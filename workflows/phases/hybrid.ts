import { proxyActivities } from '@temporalio/workflow';
import type { Activities, OpenedRun, Verdict } from '../../src/contract/activity-types';
import * as options from '../runtime/activity-options';
import { runCopy } from './children';
import { prepare, type PhaseContext } from './phase-context';
import { whileFollowing } from './follow';
import { followToFreeze } from './follow-to-freeze';
import { codeOf } from '../runtime/failure-kind';
import { plainFailure } from '../runtime/input';
import { withReconciliation } from '../../src/progress/run-view';
import { isCaptureStopped } from '../../src/errors/error-kinds';

const control = proxyActivities<Activities>(options.quick);
const long = proxyActivities<Activities>(options.longRunning);

/**
 * Copy, follow, short cutover: the sources are written to until the freeze. Ends with the sources frozen and the target
 * proved; opening it is what comes after.
 */
export async function hybrid(context: PhaseContext): Promise<Verdict> {
  const { run } = context;
  // before anything is captured: an installation that dies half-way leaves something to bound as well
  await context.watch.begin(run);
  await prepare(context);
  const frozen = run.finished.includes('freeze') && (await stillFrozen(run));
  const verdict = frozen ? run.verdict : await copyAndFollow(context);
  if (verdict === null) throw plainFailure('NotProved', 'The sources are frozen, and the ledger holds no verdict.');
  return verdict;
}

/** A freeze that was lifted or lost since (by hand, by a new partition) is none: the run follows again, and freezes anew. */
async function stillFrozen(run: OpenedRun): Promise<boolean> {
  const { opened, whole } = await control.freezeState(run.ref);
  return opened || whole;
}

/** Settles on an alignment. What changed on a source meanwhile stops it as it stops following: the follower asks, and catches up first. */
async function settleFollowed({ run, operator }: PhaseContext): ReturnType<Activities['settle']> {
  for (;;) {
    try {
      return await long.settle(run.ref);
    } catch (error) {
      if (!isCaptureStopped(codeOf(error))) throw error;
      await whileFollowing(run, operator, (follower) => follower.caughtUp(), true);
    }
  }
}

async function copyAndFollow(context: PhaseContext): Promise<Verdict> {
  const { run, operator, phase } = context;
  await phase('capture', 'putting the capture of changes in place', async () => {
    await long.installCapture(run.ref);
  });
  await phase('copy', 'copying', () => runCopy(run, operator));
  await phase('delta', 'catching up with what changed during the copy', () =>
    whileFollowing(run, operator, (follower) => follower.caughtUp(), true),
  );
  await phase('settle', 'settling unique keys and references', async () => {
    const { reconciliation = [] } = await settleFollowed(context);
    operator.change((view) => withReconciliation(view, reconciliation));
  });
  await phase('finish', 'rebuilding indexes and foreign keys', async () => {
    await long.rebuildIndexes(run.ref);
    await long.rebuildForeignKeys(run.ref);
    await long.advanceSequences(run.ref);
    // statistics and views as of now: no part of the freeze, and nearly right when the target opens; again after that
    await long.analyzeAndRefresh({ ref: run.ref });
  });
  return followToFreeze(context);
}
