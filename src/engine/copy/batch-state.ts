import type { CopyActivities } from '../../contract/activity-types';
import type { BlockedBatch, RunRef } from '../../contract/run';
import { batchTotals, parkBatch, pendingOrdinals, readBatch } from '../../postgres/ledger/batch';
import { setLockTimeout } from '../../postgres/queries/copy/transaction';
import { mappingOf, type Host } from '../host';
import { lockTimeoutOf } from '../run-settings';
import { onLedger } from '../session-scope';
import { notToBeCopied, underBatchLock } from './batch-lease';

/** Reads only. A blocked or revoked batch has no receipt and is listed too. */
export function pendingBatches(
  host: Host,
  ref: RunRef,
  mapping: string,
  limit: number,
): ReturnType<CopyActivities['pendingBatches']> {
  return onLedger(host, ref, `pending batches of ${mapping}`, async (session) => {
    const ordinals = await pendingOrdinals(session, ref.run, mapping, limit);
    const { batches, done, migrated, quarantined, outOfScope } = await batchTotals(session, ref.run, mapping);
    return { ordinals, batches, done, migrated, quarantined, outOfScope };
  });
}

/** Idempotent: parking a parked batch changes nothing but its facts; a batch that is done stays done. */
export function blockBatch(host: Host, ref: RunRef, blocked: BlockedBatch): Promise<void> {
  return onLedger(host, ref, `block ${blocked.what}`, async (session) => {
    const run = await host.databases.run(ref, session);
    const name = { run: run.run, mapping: mappingOf(run, blocked.mapping).name, ordinal: blocked.ordinal };
    await setLockTimeout(session, lockTimeoutOf(run));
    if (await underBatchLock(session, name, () => parkBatch(session, name, blocked))) return;
    const batch = await readBatch(session, name);
    if (batch?.state !== 'done') throw notToBeCopied(name, batch);
  });
}
