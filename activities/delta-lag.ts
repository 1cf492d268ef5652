import type { DeltaLag } from '../src/contract/delta';
import { readCursors } from '../src/postgres/ledger/cursor';
import { pendingLag } from '../src/postgres/ledger/pending';
import { markLag } from '../src/postgres/queries/capture-marks';
import { readSlot } from '../src/postgres/queries/logical-slot';
import { captureOf } from './capture-source';
import type { LaneHolder } from './delta-lane';

/** What the target does not have yet: marks behind the cursor and keys that wait, the age of the oldest, WAL held back. */
export async function readLag(holder: LaneHolder): Promise<{ lag: DeltaLag; pending: number }> {
  const { run, target } = holder;
  const pending = await pendingLag(target, run.run);
  const lag = { marks: pending.keys, seconds: pending.seconds, walBytes: 0 };
  for (const cursor of await readCursors(target, run.run)) {
    const session = await holder.source(cursor.source);
    if (run.compiled.plan.capture === 'logical') {
      const { slot } = cursor.capture;
      if (typeof slot === 'string') lag.walBytes += (await readSlot(session, slot))?.retained ?? 0;
    } else if (captureOf(run) !== null) {
      const marks = await markLag(session, run, { source: cursor.source, previous: cursor.snapshot });
      lag.marks += marks.marks;
      lag.seconds = Math.max(lag.seconds, marks.seconds);
    }
  }
  return { lag, pending: pending.keys };
}
