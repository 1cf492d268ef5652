import type { RunRef } from '../../contract/run';
import { fail } from '../../errors/rowproof-error';
import { readCursors } from '../../postgres/ledger/follow/cursor';
import { readablePending } from '../../postgres/ledger/follow/pending';
import { exportSnapshot } from '../../postgres/queries/follow/round';
import type { Session } from '../../postgres/session';
import type { Alignment } from './round-contract';
import { LeaseHolder } from './apply-lease';
import { endSnapshots, runRound } from './run-round';
import { openSnapshot } from './change-window';
import { withHeartbeat } from '../heartbeat';
import type { Host } from '../host';

const maxRounds = 1_000;
/** Lock timeouts that a round under way is waited for: a look is no reason to end it. */
const patience = 20;

/**
 * Two aligned snapshots: takes the apply lease, runs a round whose source transactions stay open, and opens a snapshot of the target that
 * shows exactly that round; then gives the apply lease back. `purpose` names the sessions.
 */
export async function align(host: Host, ref: RunRef, purpose: string): Promise<Alignment> {
  return withHeartbeat(host, { purpose: `align ${purpose}` }, async () => {
    const holder = await LeaseHolder.open(host, ref, `align ${purpose}`, patience);
    try {
      return await alignHolder(holder);
    } catch (error) {
      await holder.end(false);
      holder.signal?.throwIfAborted();
      throw error;
    }
  });
}

async function alignHolder(holder: LeaseHolder): Promise<Alignment> {
  const { run } = holder.run;
  const { roundKeys } = holder.run.compiled.plan.settings.delta;
  const target = await holder.anotherTarget();
  const heartbeat = (): void => holder.signal?.throwIfAborted();
  for (let tried = 0; tried < maxRounds; tried += 1) {
    const outcome = await runRound(holder, { limit: roundKeys, heartbeat, keepSources: true });
    const sources = new Map<string, { session: Session; snapshotId: string }>();
    for (const name of outcome.snapshots.keys())
      sources.set(name, { session: await holder.source(name), snapshotId: '' });
    if (outcome.complete) {
      await openSnapshot(target);
      if (await shows(target, run, outcome.snapshots)) {
        await holder.release();
        for (const [name, { session }] of sources)
          sources.set(name, { session, snapshotId: await exportSnapshot(session) });
        const snapshotId = await exportSnapshot(target);
        return {
          round: outcome.round,
          sources,
          target: { session: target, snapshotId },
          close: () => closeAligned(holder, [target, ...[...sources.values()].map(({ session }) => session)]),
        };
      }
    }
    await endSnapshots([target, ...[...sources.values()].map(({ session }) => session)]);
  }
  throw fail('RP5407', `The target of ${run} did not catch up within ${maxRounds} rounds`, { where: { object: run } });
}

async function closeAligned(holder: LeaseHolder, sessions: readonly Session[]): Promise<void> {
  await endSnapshots(sessions);
  await holder.end(true);
}

/** True when the target's snapshot shows the cursors at these source snapshots, and nothing that they see waits. */
async function shows(target: Session, run: string, snapshots: ReadonlyMap<string, string>): Promise<boolean> {
  const cursors = new Map((await readCursors(target, run)).map((cursor) => [cursor.source, cursor.snapshot]));
  for (const [source, snapshot] of snapshots) {
    if (cursors.get(source) !== snapshot) return false;
    if ((await readablePending(target, run, source, snapshot, 1)).length > 0) return false;
  }
  return true;
}
