import { capturedRelations } from '../../capture/captured-relations';
import { moveCursor, readCursors } from '../../postgres/ledger/follow/cursor';
import { crossRowQuarantined } from '../../postgres/ledger/quarantine/deferred';
import type { ApplyLease } from '../../postgres/ledger/follow/apply-lease';
import { addPending, type PendingKey } from '../../postgres/ledger/follow/pending';
import { indexQuarantine } from '../../postgres/ledger/quarantine/quarantine-partition';
import { disableTimeouts } from '../../postgres/queries/copy/transaction';
import { inTransaction } from '../../postgres/transaction';
import { type LeaseHolder } from './apply-lease';
import { faulty } from '../fault-injection';
import { fenceApplyLease } from '../lease';

/**
 * Before the first round: rows that the copy quarantined because of other rows are read again, so that from then on rounds know
 * what they wait for. Repeating it before a round committed changes nothing.
 */
export async function beginFollowing(holder: LeaseHolder, lease: ApplyLease): Promise<void> {
  if (lease.round > 0) return;
  const { run, target, nonce } = holder;
  await inTransaction(target, 'read write', async () => {
    await disableTimeouts(target);
    await indexQuarantine(target, run.run);
  });
  if (faulty(holder.host, 'first')) {
    for (const { source, snapshot } of await readCursors(target, run.run))
      await moveCursor(target, run.run, source, snapshot, await holder.snapshotNow(source));
  }
  const waiting = await crossRowQuarantined(target, run.run);
  if (waiting.length === 0) return;
  const bySource = new Map<string, PendingKey[]>();
  for (const relation of capturedRelations(run.compiled)) {
    const keys = waiting.filter(({ mapping }) => relation.mappings.includes(mapping));
    const into = bySource.get(relation.source) ?? [];
    bySource.set(relation.source, into);
    for (const { sourceKey } of keys) into.push({ relation: relation.id, key: sourceKey, xid: null });
  }
  await inTransaction(target, 'read write', async () => {
    await fenceApplyLease(target, run.run, nonce, holder.host);
    for (const [source, keys] of bySource) await addPending(target, run.run, source, chunks(keys));
  });
}

async function* chunks(keys: readonly PendingKey[]): AsyncGenerator<readonly PendingKey[]> {
  if (keys.length > 0) yield keys;
}
