import type { DeltaLag } from '../../contract/delta';
import { readCursors } from '../../postgres/ledger/follow/cursor';
import { pendingLag } from '../../postgres/ledger/follow/pending';
import { changeLag } from '../../postgres/queries/capture/changes';
import { readSlot } from '../../postgres/queries/capture/logical-slot';
import { captureOf } from '../capture/capture-source';
import type { LeaseHolder } from './apply-lease';

/** What the target does not have yet: changes behind the cursor and keys that wait, the age of the oldest, WAL held back. */
export async function readLag(holder: LeaseHolder): Promise<{ lag: DeltaLag; pending: number }> {
  const { run, target } = holder;
  const pending = await pendingLag(target, run.run);
  const lag = { changes: pending.keys, seconds: pending.seconds, walBytes: 0 };
  for (const cursor of await readCursors(target, run.run)) {
    const session = await holder.source(cursor.source);
    if (run.compiled.plan.capture === 'logical') {
      const { slot } = cursor.capture;
      if (typeof slot === 'string') lag.walBytes += (await readSlot(session, slot))?.retained ?? 0;
    } else if (captureOf(run) !== null) {
      const changes = await changeLag(session, run, { source: cursor.source, previous: cursor.snapshot });
      lag.changes += changes.changes;
      lag.seconds = Math.max(lag.seconds, changes.seconds);
    }
  }
  return { lag, pending: pending.keys };
}
