import type { BatchReceipt } from '../../contract/activity-types';
import { fail, type RowproofError } from '../../errors/rowproof-error';
import type { Batch, BatchName } from '../../postgres/ledger/batch';
import { lockBatch, moveLease, readBatch, takeBatch } from '../../postgres/ledger/batch';
import { refuseAfterRollback } from '../../postgres/ledger/run/step';
import type { Session } from '../../postgres/session';
import { inTransaction } from '../../postgres/transaction';
import { recordedHolder, takeFromHolder } from '../take-from-holder';

const attempts = 5;

export function label(name: BatchName): string {
  return `${name.mapping}:${name.ordinal}`;
}

export function leaseLost(name: BatchName): RowproofError {
  return fail('RP5001', `The lease of batch ${label(name)} went to another attempt`, {
    where: { object: label(name) },
  });
}

/** The batch is revoked or does not exist: says so. */
export function notToBeCopied(name: BatchName, batch: Batch | null): RowproofError {
  if (batch === null) {
    return fail('RP5006', `Run ${name.run} has no batch ${label(name)}`, { where: { object: label(name) } });
  }
  return fail('RP5003', `Batch ${label(name)} of run ${name.run} is revoked`, { where: { object: label(name) } });
}

/**
 * Does what needs the row lock of a batch, taken from whoever holds it. RP5005 when the lock stays taken; the lock timeout as its cause
 * says that another attempt may succeed.
 */
export function underBatchLock<T>(session: Session, name: BatchName, work: () => Promise<T>): Promise<T> {
  const taking = {
    holders: async () => recordedHolder(await readBatch(session, name)),
    attempts,
    gaveUp: (cause: unknown) =>
      fail('RP5005', `Batch ${label(name)} stays locked by another session`, { where: { object: label(name) }, cause }),
  };
  return takeFromHolder(session, taking, work);
}

export type Lease = { readonly batch: Batch } | { readonly receipt: BatchReceipt };

/**
 * Takes the lease of a batch for `nonce` and commits that, or returns the receipt of a batch that is done. What another
 * attempt holds is waited for or ended first.
 */
export async function takeLease(session: Session, name: BatchName, nonce: string): Promise<Lease> {
  const taken = await underBatchLock(session, name, () => takeBatch(session, name, nonce));
  if (taken !== null) return { batch: taken };
  const current = await readBatch(session, name);
  if (current?.receipt != null) return { receipt: current.receipt };
  throw notToBeCopied(name, current);
}

/** The same attempt goes on in a fresh session. RP5001 when it lost the batch meanwhile. */
export async function renewLease(session: Session, name: BatchName, nonce: string): Promise<void> {
  const moved = await underBatchLock(session, name, () => moveLease(session, name, nonce));
  if (!moved) await refuse(name, await readBatch(session, name));
}

/** The fence of a commit: locks the batch row and proves, until the transaction ends, that `nonce` still owns it. */
export async function fence(session: Session, name: BatchName, nonce: string): Promise<void> {
  const batch = await lockBatch(session, name);
  if (batch?.owner !== nonce || batch.state !== 'running') await refuse(name, batch);
  await refuseAfterRollback(session, name.run);
}

function refuse(name: BatchName, batch: Batch | null): Promise<never> {
  return Promise.reject(batch === null || batch.state === 'revoked' ? notToBeCopied(name, batch) : leaseLost(name));
}

/**
 * After a lost COMMIT reply: asks the ledger under the batch lock, which waits for a commit still under way. The receipt
 * when the batch is done; RP5002 (try again) when it did not commit.
 */
export async function resolveLostCommit(session: Session, name: BatchName): Promise<BatchReceipt> {
  const batch = await underBatchLock(session, name, () =>
    inTransaction(session, 'read write', () => lockBatch(session, name)),
  );
  if (batch?.receipt != null) return batch.receipt;
  if (batch === null || batch.state === 'revoked') throw notToBeCopied(name, batch);
  throw fail('RP5002', `The connection was lost while batch ${label(name)} committed, and it did not commit`, {
    where: { object: label(name) },
  });
}
