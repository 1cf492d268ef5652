import type { Session } from '../../session';
import { integer, integerOrNull } from '../../row';

export type LaneName = 'delta' | 'intake';
export type LaneState = 'open' | 'stopped' | 'closed';

export interface Lane {
  readonly owner: string | null;
  readonly state: LaneState;
  readonly reason: string | null;
  readonly rulesOn: boolean;
  /** Committed rounds so far. */
  readonly round: number;
  readonly backendPid: number | null;
  readonly backendStart: string | null;
}

interface LaneRow {
  readonly owner: string | null;
  readonly state: LaneState;
  readonly reason: string | null;
  readonly rules_on: string;
  readonly round: string;
  readonly backend_pid: string | null;
  readonly backend_start: string | null;
}

const columns = `owner::text as owner, state, reason, rules_on::text as rules_on, round::text as round,
  backend_pid::text as backend_pid, backend_start::text as backend_start`;

function toLane(row: LaneRow): Lane {
  return {
    owner: row.owner,
    state: row.state,
    reason: row.reason,
    rulesOn: row.rules_on === 'true' || row.rules_on === 't',
    round: integer(row, 'round'),
    backendPid: integerOrNull(row, 'backend_pid'),
    backendStart: row.backend_start,
  };
}

/** Creates the lanes of a run when they are not there; idempotent. */
export async function openLanes(session: Session, run: string): Promise<void> {
  await session.query(
    `insert into rowproof.lane (run, lane) values ($1, 'delta'), ($1, 'intake') on conflict (run, lane) do nothing`,
    [run],
  );
}

export async function readLane(session: Session, run: string, lane: LaneName): Promise<Lane | null> {
  const { rows } = await session.query<LaneRow>(`select ${columns} from rowproof.lane where run = $1 and lane = $2`, [
    run,
    lane,
  ]);
  return rows[0] === undefined ? null : toLane(rows[0]);
}

/**
 * Takes an open lane for `nonce` from whoever had it and commits that (call it outside a transaction), so that a successor
 * finds the backend to end. Waits for its holder's transaction up to lock_timeout (55P03). Null when it is not open.
 */
export async function takeLane(session: Session, run: string, lane: LaneName, nonce: string): Promise<Lane | null> {
  const { rows } = await session.query<LaneRow>(
    `update rowproof.lane set owner = $3::uuid, epoch = epoch + 1, backend_pid = pg_catalog.pg_backend_pid(),
       backend_start = (select a.backend_start from pg_catalog.pg_stat_activity a where a.pid = pg_catalog.pg_backend_pid())
     where run = $1 and lane = $2 and state = 'open' returning ${columns}`,
    [run, lane, nonce],
  );
  return rows[0] === undefined ? null : toLane(rows[0]);
}

/** Locks the lane until the transaction ends and returns it as it is now: the fence compares `owner` and `state`. */
export async function lockLane(session: Session, run: string, lane: LaneName): Promise<Lane | null> {
  const { rows } = await session.query<LaneRow>(
    `select ${columns} from rowproof.lane where run = $1 and lane = $2 for update`,
    [run, lane],
  );
  return rows[0] === undefined ? null : toLane(rows[0]);
}

/** For good ('closed') or until an operator resolves it ('stopped'). In the caller's transaction. */
export async function setLaneState(
  session: Session,
  run: string,
  lane: LaneName,
  state: LaneState,
  reason: string | null,
): Promise<void> {
  await session.query(
    `update rowproof.lane set state = $3, reason = $4, owner = null, epoch = epoch + 1,
       closed_at = case when $3 = 'open' then null else pg_catalog.clock_timestamp() end
     where run = $1 and lane = $2`,
    [run, lane, state, reason],
  );
}

export async function setRulesOn(session: Session, run: string): Promise<void> {
  await session.query(`update rowproof.lane set rules_on = true where run = $1 and lane = 'delta'`, [run]);
}

/** The same attempt goes on in this session; false when it lost the lane. Outside a transaction, as takeLane. */
export async function moveLane(session: Session, run: string, lane: LaneName, nonce: string): Promise<boolean> {
  const { rowCount } = await session.query(
    `update rowproof.lane set backend_pid = pg_catalog.pg_backend_pid(),
       backend_start = (select a.backend_start from pg_catalog.pg_stat_activity a where a.pid = pg_catalog.pg_backend_pid())
     where run = $1 and lane = $2 and state = 'open' and owner = $3::uuid`,
    [run, lane, nonce],
  );
  return rowCount === 1;
}

/** Gives the lane back where `nonce` still has it, so that the next one need not wait. */
export async function releaseLane(session: Session, run: string, lane: LaneName, nonce: string): Promise<void> {
  await session.query(
    `update rowproof.lane set owner = null, epoch = epoch + 1 where run = $1 and lane = $2 and owner = $3::uuid`,
    [run, lane, nonce],
  );
}

/** Application name of the live session that holds the lane; null when nobody does, or the holder is gone. */
export async function laneHolder(session: Session, run: string, lane: LaneName): Promise<string | null> {
  const { rows } = await session.query<{ name: string }>(
    `select a.application_name as name from rowproof.lane l
       join pg_catalog.pg_stat_activity a on a.pid = l.backend_pid and a.backend_start = l.backend_start
     where l.run = $1 and l.lane = $2 and l.owner is not null`,
    [run, lane],
  );
  return rows[0]?.name ?? null;
}
