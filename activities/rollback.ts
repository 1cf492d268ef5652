import type { RollbackActivities } from '../src/contract/activity-types';
import type { RunRef } from '../src/contract/run';
import { fail } from '../src/errors/rowproof-error';
import { isOpened } from '../src/postgres/ledger/cutover';
import { appendEvent } from '../src/postgres/ledger/event';
import { readFingerprint, storeFingerprint } from '../src/postgres/ledger/fingerprint';
import { setLaneState } from '../src/postgres/ledger/lane';
import { readLeases, readOpenLanes, revokeLease } from '../src/postgres/ledger/revoke';
import { ensureLedger } from '../src/postgres/ledger/schema';
import {
  countSteps,
  lockSteps,
  markRollback,
  readAllSteps,
  readOpenSteps,
  readStep,
  stepLockHolders,
} from '../src/postgres/ledger/step';
import { objectNames } from '../src/postgres/queries/fingerprint-rows';
import { setTimeouts } from '../src/postgres/queries/schema-change';
import { relationsNow } from '../src/postgres/queries/schema-change-tree';
import type { Session } from '../src/postgres/session';
import { describeDatabaseError } from '../src/postgres/sqlstate';
import { terminateBackend } from '../src/postgres/terminate';
import { inTransaction } from '../src/postgres/transaction';
import { compareFingerprints } from '../src/rollback/compare-fingerprints';
import { filledPartitions, firedTriggers, ownObjects } from '../src/rollback/own-objects';
import { takeFingerprint } from './prepare-fingerprint';
import { qualified } from '../src/sql/quote';
import { onTarget, type StepHost } from './prepare-host';
import { compensateStep } from './rollback-compensate';
import { removeRun, type RemovedRun } from './rollback-finish';
import { compareSources } from './rollback-sources';

/** How long somebody who holds a lease or a step may take to end by himself before his backend is terminated. */
const graceMs = 2_000;

/** Every activity works from the ledger alone and may be repeated at any point. */
export function createRollbackActivities(host: StepHost): RollbackActivities & {
  /**
   * Lifts a freeze that still stands, and removes what the run left in schema rowproof, except the id map. Of a run that still needs its
   * ledger: RP7003, or with `liftFreeze` nothing but the freeze.
   */
  finishRun(ref: RunRef, liftFreeze?: boolean): Promise<RemovedRun>;
} {
  return {
    revokeLeases: (ref) =>
      onTarget(host, ref, 'revoke', async ({ session, run, beat }) => {
        await ensureLedger(session, run.run);
        await setTimeouts(session, { lockMs: graceMs, statementMs: 0 });
        await enforce(
          session,
          beat,
          () =>
            inTransaction(session, 'read write', async () => {
              await lockSteps(session, run.run);
              if (await isOpened(session, run.run))
                throw fail('RP7007', `The target of ${run.run} is open since its cutover`, {
                  where: { object: run.run },
                });
              await markRollback(session, run.run);
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
              beat,
              () => revokeLease(session, run.run, lease.mapping, lease.ordinal),
              () => holderOf(lease),
            );
            revoked++;
          }
        }
        // a round that is about to commit loses its lane here; none can take it again
        for (const lane of await readOpenLanes(session, run.run)) {
          await enforce(
            session,
            beat,
            () => setLaneState(session, run.run, lane.lane, 'closed', 'the run is rolled back'),
            async () => holderOf((await readOpenLanes(session, run.run)).find((one) => one.lane === lane.lane) ?? lane),
          );
          revoked++;
        }
        return { revoked };
      }),
    openSteps: (ref) => onTarget(host, ref, 'rollback', ({ session, run }) => readOpenSteps(session, run.run)),
    compensate: (ref, ordinal) =>
      onTarget(host, ref, 'rollback', async (work) => {
        const step = await readStep(work.session, work.run.run, ordinal);
        if (step === null)
          throw fail('RP7005', `Run ${work.run.run} has no step ${ordinal}`, { where: { object: work.run.run } });
        await compensateStep(host, ref, work, step);
      }),
    proveRollback: (ref) =>
      onTarget(host, ref, 'prove rollback', async (work) => {
        const { run } = work.run;
        const before = await readFingerprint(work.session, run, 'before');
        // a run that ended before anything was looked at, let alone changed
        if (before === null && (await countSteps(work.session, run)) === 0) return { equal: true, differences: [] };
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
      }),
    finishRun: (ref, liftFreeze = false) =>
      onTarget(host, ref, 'finish', (work) => removeRun(host, ref, work, liftFreeze)),
  };
}

function holderOf(lease: {
  readonly pid: number | null;
  readonly backendStart: string | null;
}): Promise<{ pid: number; backendStart: string }[]> {
  const { pid, backendStart } = lease;
  return Promise.resolve(pid === null || backendStart === null ? [] : [{ pid, backendStart }]);
}

/** Does what needs a lock; whoever holds the lock longer than the grace is terminated. */
async function enforce(
  session: Session,
  beat: () => void,
  work: () => Promise<void>,
  holders: () => Promise<{ pid: number; backendStart: string }[]>,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    beat();
    try {
      await work();
      return;
    } catch (error) {
      if (describeDatabaseError(error).sqlstate !== '55P03' || attempt >= 20) throw error;
      for (const { pid, backendStart } of await holders()) await terminateBackend(session, pid, backendStart);
    }
  }
}

/** Rows outside the plan may be those of a trigger that the run let fire: they are not undone, and said to be that. */
function withFired(fired: readonly string[]): (note: string) => string {
  return (note) =>
    fired.length > 0 && note.startsWith('rows of ')
      ? `${note} (or ${fired.join(', ')} wrote there, which fired)`
      : note;
}
