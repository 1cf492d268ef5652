import { ensureLedger } from '../../postgres/ledger/run/schema';
import type { RollbackActivities } from '../../contract/activity-types';
import type { RunRef } from '../../contract/run';
import { fail } from '../../errors/rowproof-error';
import { isOpened } from '../../postgres/ledger/cutover';
import { appendEvent } from '../../postgres/ledger/run/event';
import { readFingerprint, storeFingerprint } from '../../postgres/ledger/proof/fingerprint';
import { setApplyLeaseState } from '../../postgres/ledger/follow/apply-lease';
import { readLeases, readOpenLeases, revokeLease } from '../../postgres/ledger/revoke';
import {
  countSteps,
  lockSteps,
  noteRollback,
  readAllSteps,
  readOpenSteps,
  readStep,
  stepLockHolders,
} from '../../postgres/ledger/run/step';
import { objectNames } from '../../postgres/queries/rollback/fingerprint-rows';
import { setTimeouts } from '../../postgres/queries/schema-change/settings';
import { relationsNow } from '../../postgres/queries/schema-change/tree';
import type { Session } from '../../postgres/session';
import { inTransaction } from '../../postgres/transaction';
import { compareFingerprints } from '../../rollback/compare-fingerprints';
import { filledPartitions, firedTriggers, ownObjects } from '../../rollback/own-objects';
import { takeFingerprint } from '../prepare/fingerprint-target';
import { qualified } from '../../sql/quote';
import { onTarget } from '../target-work';
import { compensateStep } from './compensate';
import { removeRun, type RemovedRun } from './finish-rollback';
import type { Host } from '../host';
import { compareSources } from '../prepare/fingerprint-sources';
import { recordedHolder, type Holder, takeFromHolder } from '../take-from-holder';

/** How long somebody who holds a lease or a step may take to end by himself before his backend is terminated. */
const graceMs = 2_000;

/* Every step works from the ledger alone and may be repeated at any point. */

/** Takes every lease away from whoever holds it, for good: nothing that began before can commit after it. RP7007. */
export function revokeLeases(host: Host, ref: RunRef): ReturnType<RollbackActivities['revokeLeases']> {
  return onTarget(host, ref, 'revoke', async ({ session, run, heartbeat }) => {
    await ensureLedger(session, run.run);
    await setTimeouts(session, { lockMs: graceMs, statementMs: 0 });
    await enforce(
      session,
      heartbeat,
      () =>
        inTransaction(session, 'read write', async () => {
          await lockSteps(session, run.run);
          if (await isOpened(session, run.run))
            throw fail('RP7007', `The target of ${run.run} is open since its cutover`, {
              where: { object: run.run },
            });
          await noteRollback(session, run.run);
        }),
      () => stepLockHolders(session, run.run),
    );
    let revoked = 0;
    // batches that a planner adds meanwhile are seen by the next look
    for (
      let leases = await readLeases(session, run.run);
      leases.length > 0;
      leases = await readLeases(session, run.run)
    ) {
      for (const lease of leases) {
        await enforce(
          session,
          heartbeat,
          () => revokeLease(session, run.run, lease.mapping, lease.ordinal),
          async () => recordedHolder(lease),
        );
        revoked++;
      }
    }
    // a round that is about to commit loses its apply lease here; none can take it again
    for (const lease of await readOpenLeases(session, run.run)) {
      await enforce(
        session,
        heartbeat,
        () => setApplyLeaseState(session, run.run, lease.lease, 'closed', 'the run is rolled back'),
        async () =>
          recordedHolder((await readOpenLeases(session, run.run)).find((one) => one.lease === lease.lease) ?? lease),
      );
      revoked++;
    }
    return { revoked };
  });
}

/** Steps that are not undone yet, the last one first. */
export function openSteps(host: Host, ref: RunRef): ReturnType<RollbackActivities['openSteps']> {
  return onTarget(host, ref, 'rollback', ({ session, run }) => readOpenSteps(session, run.run));
}

/** Undoes one step. RP7005 where the run has none of that number. */
export function compensate(host: Host, ref: RunRef, ordinal: number): ReturnType<RollbackActivities['compensate']> {
  return onTarget(host, ref, 'rollback', async (work) => {
    const step = await readStep(work.session, work.run.run, ordinal);
    if (step === null)
      throw fail('RP7005', `Run ${work.run.run} has no step ${ordinal}`, { where: { object: work.run.run } });
    await compensateStep(host, work, step);
  });
}

/** Compares target and sources with what they were before the run; what others changed meanwhile is a note. RP7004. */
export function proveRollback(host: Host, ref: RunRef): ReturnType<RollbackActivities['proveRollback']> {
  return onTarget(host, ref, 'prove rollback', async (work) => {
    const { run } = work.run;
    const before = await readFingerprint(work.session, run, 'before');
    // a run that ended before anything was looked at, let alone changed
    if (before === null && (await countSteps(work.session, run)) === 0)
      return { equal: true, differences: [], notes: [] };
    if (before === null)
      throw fail('RP7004', `Run ${run} has no fingerprint of the target from before it began`, {
        where: { object: run },
      });
    const after = await takeFingerprint(work, before);
    await storeFingerprint(work.session, run, 'rolled_back', after, true);
    const steps = await readAllSteps(work.session, run);
    const partitions = filledPartitions(steps);
    const now = await relationsNow(work.session, partitions);
    const apart = new Set(partitions.map(qualified).filter((name) => now.get(name)?.parent === null));
    const own = await objectNames(work.session, ownObjects(steps, apart));
    const target = compareFingerprints(before, after, own);
    const sources = await compareSources(host, work);
    const differences = [...target.differences, ...sources.differences];
    const notes = [...target.notes.map(withFired(firedTriggers(steps))), ...sources.notes];
    await appendEvent(work.session, run, 'rollback proved', { differences, notes });
    return { equal: differences.length === 0, differences, notes };
  });
}

/**
 * Releases a freeze that is still there, and removes what the run left in schema rowproof, except the id map. Of a run that still needs
 * its ledger: RP7003, or with `releaseFreeze` nothing but the freeze.
 */
export function finishRun(host: Host, ref: RunRef, releaseFreeze = false): Promise<RemovedRun> {
  return onTarget(host, ref, 'finish', (work) => removeRun(host, work, releaseFreeze));
}

/** Does what needs a lock; whoever holds the lock longer than the grace is ended. */
function enforce(
  session: Session,
  heartbeat: () => void,
  work: () => Promise<void>,
  holders: () => Promise<readonly Holder[]>,
): Promise<void> {
  return takeFromHolder(session, { holders, attempts: 20, heartbeat }, work);
}

/** Rows outside the plan may be those of a trigger that the run let fire: they are not undone, and said to be that. */
function withFired(fired: readonly string[]): (note: string) => string {
  return (note) =>
    fired.length > 0 && note.startsWith('rows of ') ? `${note} (or ${fired.join(', ')} fired and wrote there)` : note;
}
