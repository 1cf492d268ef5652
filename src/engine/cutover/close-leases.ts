import { setTimeout as sleep } from 'node:timers/promises';
import { fail, RowproofError } from '../../errors/rowproof-error';
import { lockLane, readLane, setLaneState, type LaneName } from '../../postgres/ledger/follow/apply-lease';
import type { Session } from '../../postgres/session';
import { describeDatabaseError } from '../../postgres/sqlstate';
import { terminateBackend } from '../../postgres/terminate';

export const laneNames: readonly LaneName[] = ['delta', 'intake'];
/**
 * Does what needs the row locks of the lanes, again and again: whoever holds one longer than lock_timeout is ended, when it is the backend
 * that the ledger records. `work` opens and ends its own transaction. Raises what `work` raised last; a bare lock timeout is RP5506.
 */
export async function againstLaneHolders<T>(
  session: Session,
  run: string,
  beat: () => void,
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    beat();
    try {
      return await work();
    } catch (error) {
      if (describeDatabaseError(error).sqlstate !== '55P03') throw error;
      if (attempt >= 30) {
        if (error instanceof RowproofError) throw error;
        throw fail('RP5506', `A lane of ${run} stays locked`, { where: { object: run }, cause: error });
      }
    }
    for (const name of laneNames) {
      const lane = await readLane(session, run, name);
      if (lane?.backendPid == null || lane.backendStart === null || lane.backendPid === session.pid) continue;
      if (lane.owner !== null) await terminateBackend(session, lane.backendPid, lane.backendStart);
    }
    // others get their turn: a waiting lock holds up every reader behind it
    await sleep(Math.min(50 * attempt, 1_000));
  }
}

/** Closes the lanes for good in the caller's transaction: no round that began before can commit after it. */
export async function closeLanes(session: Session, run: string, reason: string): Promise<number> {
  let closed = 0;
  for (const name of laneNames) {
    const lane = await lockLane(session, run, name);
    if (lane === null || lane.state === 'closed') continue;
    await setLaneState(session, run, name, 'closed', reason);
    closed++;
  }
  return closed;
}
