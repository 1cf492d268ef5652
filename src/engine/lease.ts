import { fail, RowproofError } from '../errors/rowproof-error';
import { lockLane, readLane, setLaneState, type Lane, type LaneName } from '../postgres/ledger/follow/apply-lease';
import { refuseAfterRollback } from '../postgres/ledger/run/step';
import type { Session } from '../postgres/session';
import { faulty, type Breakable } from './fault-injection';
import { recordedHolder, takeFromHolder, type Holder } from './take-from-holder';

const attempts = 6;
const laneNames: readonly LaneName[] = ['delta', 'intake'];

export function laneLost(run: string): RowproofError {
  return fail('RP5401', `Another session follows the sources of ${run} now`, { where: { object: run } });
}

/** Why a lane cannot be used, from what the ledger says of it. */
export function laneRefused(run: string, lane: Lane | null): RowproofError {
  const where = { object: run };
  if (lane === null) return fail('RP5406', `Run ${run} does not follow its sources`, { where });
  if (lane.state === 'closed') return fail('RP5403', `Run ${run} is switched over, and its lane is closed`, { where });
  if (lane.state === 'stopped')
    return fail('RP5402', `Following the sources of ${run} was stopped: ${lane.reason ?? 'no reason is recorded'}`, {
      where,
    });
  return laneLost(run);
}

/**
 * Does what needs the row lock of a lease, taken from whoever holds it after `patience` lock timeouts. RP5404 when the lock stays taken.
 */
export function underLaneLock<T>(
  session: Session,
  run: string,
  lane: LaneName,
  patience: number,
  work: () => Promise<T>,
): Promise<T> {
  const taking = {
    holders: async () => recordedHolder(await readLane(session, run, lane)),
    patience,
    attempts,
    gaveUp: (cause: unknown) =>
      fail('RP5404', `The lane of ${run} stays locked by another session`, { where: { object: run }, cause }),
  };
  return takeFromHolder(session, taking, work);
}

/** The fence of a round: locks the lane until the transaction ends and proves that `nonce` still owns it. */
export async function fenceLane(session: Session, run: string, nonce: string, host: Breakable): Promise<Lane> {
  const lane = await lockLane(session, run, 'delta');
  if (lane === null || (lane.state !== 'open' && !faulty(host, 'closed'))) throw laneRefused(run, lane);
  if (lane.owner !== nonce && !faulty(host, 'fence') && !faulty(host, 'closed')) throw laneLost(run);
  await refuseAfterRollback(session, run);
  return lane;
}

/**
 * Does what needs the row locks of both leases, taken from whoever holds one. `work` opens and ends its own transaction. Raises what `work`
 * raised last; a bare lock timeout is RP5506.
 */
export function againstLaneHolders<T>(
  session: Session,
  run: string,
  beat: () => void,
  work: () => Promise<T>,
): Promise<T> {
  const taking = {
    holders: async (): Promise<Holder[]> => {
      const leases = [];
      for (const name of laneNames) leases.push(await readLane(session, run, name));
      return leases.filter((lease) => lease?.owner != null).flatMap(recordedHolder);
    },
    attempts: 30,
    backoffMs: (attempt: number) => Math.min(50 * attempt, 1_000),
    beat,
    gaveUp: (error: unknown) =>
      error instanceof RowproofError
        ? error
        : fail('RP5506', `A lane of ${run} stays locked`, { where: { object: run }, cause: error }),
  };
  return takeFromHolder(session, taking, work);
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
