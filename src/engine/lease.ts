import { fail, RowproofError } from '../errors/rowproof-error';
import {
  lockApplyLease,
  readApplyLease,
  setApplyLeaseState,
  type ApplyLease,
  type LeaseName,
} from '../postgres/ledger/follow/apply-lease';
import { refuseAfterRollback } from '../postgres/ledger/run/step';
import type { Session } from '../postgres/session';
import { faulty, type Breakable } from './fault-injection';
import { recordedHolder, takeFromHolder, type Holder } from './take-from-holder';

const attempts = 6;
const leaseNames: readonly LeaseName[] = ['delta', 'intake'];

export function leaseLost(run: string): RowproofError {
  return fail('RP5401', `Another session follows the sources of ${run} now`, { where: { object: run } });
}

/** Why an apply lease cannot be used, from what the ledger says of it. */
export function leaseRefused(run: string, lease: ApplyLease | null): RowproofError {
  const where = { object: run };
  if (lease === null) return fail('RP5406', `Run ${run} does not follow its sources`, { where });
  if (lease.state === 'closed')
    return fail('RP5403', `Run ${run} is switched over, and its lease is closed`, { where });
  if (lease.state === 'stopped')
    return fail('RP5402', `Following the sources of ${run} was stopped: ${lease.reason ?? 'no reason is recorded'}`, {
      where,
    });
  return leaseLost(run);
}

/**
 * Does what needs the row lock of a lease, taken from whoever holds it after `patience` lock timeouts. RP5404 when the lock stays taken.
 */
export function underLeaseLock<T>(
  session: Session,
  run: string,
  lease: LeaseName,
  patience: number,
  work: () => Promise<T>,
): Promise<T> {
  const taking = {
    holders: async () => recordedHolder(await readApplyLease(session, run, lease)),
    patience,
    attempts,
    gaveUp: (cause: unknown) =>
      fail('RP5404', `The lease of ${run} stays locked by another session`, { where: { object: run }, cause }),
  };
  return takeFromHolder(session, taking, work);
}

/** The fence of a round: locks the apply lease until the transaction ends and proves that `nonce` still owns it. */
export async function fenceApplyLease(
  session: Session,
  run: string,
  nonce: string,
  host: Breakable,
): Promise<ApplyLease> {
  const lease = await lockApplyLease(session, run, 'delta');
  if (lease === null || (lease.state !== 'open' && !faulty(host, 'closed'))) throw leaseRefused(run, lease);
  if (lease.owner !== nonce && !faulty(host, 'fence') && !faulty(host, 'closed')) throw leaseLost(run);
  await refuseAfterRollback(session, run);
  return lease;
}

/**
 * Does what needs the row locks of both leases, taken from whoever holds one. `work` opens and ends its own transaction. Raises what `work`
 * raised last; a bare lock timeout is RP5506.
 */
export function againstLeaseHolders<T>(
  session: Session,
  run: string,
  heartbeat: () => void,
  work: () => Promise<T>,
): Promise<T> {
  const taking = {
    holders: async (): Promise<Holder[]> => {
      const leases = [];
      for (const name of leaseNames) leases.push(await readApplyLease(session, run, name));
      return leases.filter((lease) => lease?.owner != null).flatMap(recordedHolder);
    },
    attempts: 30,
    backoffMs: (attempt: number) => Math.min(50 * attempt, 1_000),
    heartbeat,
    gaveUp: (error: unknown) =>
      error instanceof RowproofError
        ? error
        : fail('RP5506', `A lease of ${run} stays locked`, { where: { object: run }, cause: error }),
  };
  return takeFromHolder(session, taking, work);
}

/** Closes the apply leases for good in the caller's transaction: no round that began before can commit after it. */
export async function closeApplyLeases(session: Session, run: string, reason: string): Promise<number> {
  let closed = 0;
  for (const name of leaseNames) {
    const lease = await lockApplyLease(session, run, name);
    if (lease === null || lease.state === 'closed') continue;
    await setApplyLeaseState(session, run, name, 'closed', reason);
    closed++;
  }
  return closed;
}
