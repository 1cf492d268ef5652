import type { Session } from '../../session';
import { flag, integer, integerOrNull } from '../../row';

export type LeaseName = 'delta' | 'intake';
export type LeaseState = 'open' | 'stopped' | 'closed';

export interface ApplyLease {
  readonly owner: string | null;
  readonly state: LeaseState;
  readonly reason: string | null;
  readonly rulesOn: boolean;
  /** Committed rounds so far. */
  readonly round: number;
  readonly backendPid: number | null;
  readonly backendStart: string | null;
}

interface ApplyLeaseRow {
  readonly owner: string | null;
  readonly state: LeaseState;
  readonly reason: string | null;
  readonly rules_on: string;
  readonly round: string;
  readonly backend_pid: string | null;
  readonly backend_start: string | null;
}

const columns = `owner::text as owner, state, reason, rules_on::text as rules_on, round::text as round,
  backend_pid::text as backend_pid, backend_start::text as backend_start`;

function toApplyLease(row: ApplyLeaseRow): ApplyLease {
  return {
    owner: row.owner,
    state: row.state,
    reason: row.reason,
    rulesOn: flag(row, 'rules_on'),
    round: integer(row, 'round'),
    backendPid: integerOrNull(row, 'backend_pid'),
    backendStart: row.backend_start,
  };
}

/** Creates the apply leases of a run when they are not there; idempotent. */
export async function openApplyLeases(session: Session, run: string): Promise<void> {
  await session.query(
    `insert into rowproof.apply_lease (run, lease) values ($1, 'delta'), ($1, 'intake') on conflict (run, lease) do nothing`,
    [run],
  );
}

export async function readApplyLease(session: Session, run: string, lease: LeaseName): Promise<ApplyLease | null> {
  const { rows } = await session.query<ApplyLeaseRow>(
    `select ${columns} from rowproof.apply_lease where run = $1 and lease = $2`,
    [run, lease],
  );
  return rows[0] === undefined ? null : toApplyLease(rows[0]);
}

/**
 * Takes an open apply lease for `nonce` from whoever had it and commits that (call it outside a transaction), so that a successor
 * finds the backend to end. Waits for its holder's transaction up to lock_timeout (55P03). Null when it is not open.
 */
export async function takeApplyLease(
  session: Session,
  run: string,
  lease: LeaseName,
  nonce: string,
): Promise<ApplyLease | null> {
  const { rows } = await session.query<ApplyLeaseRow>(
    `update rowproof.apply_lease set owner = $3::uuid, epoch = epoch + 1, backend_pid = pg_catalog.pg_backend_pid(),
       backend_start = (select a.backend_start from pg_catalog.pg_stat_activity a where a.pid = pg_catalog.pg_backend_pid())
     where run = $1 and lease = $2 and state = 'open' returning ${columns}`,
    [run, lease, nonce],
  );
  return rows[0] === undefined ? null : toApplyLease(rows[0]);
}

/** Locks the apply lease until the transaction ends and returns it as it is now: the fence compares `owner` and `state`. */
export async function lockApplyLease(session: Session, run: string, lease: LeaseName): Promise<ApplyLease | null> {
  const { rows } = await session.query<ApplyLeaseRow>(
    `select ${columns} from rowproof.apply_lease where run = $1 and lease = $2 for update`,
    [run, lease],
  );
  return rows[0] === undefined ? null : toApplyLease(rows[0]);
}

/** For good ('closed') or until an operator resolves it ('stopped'). In the caller's transaction. */
export async function setApplyLeaseState(
  session: Session,
  run: string,
  lease: LeaseName,
  state: LeaseState,
  reason: string | null,
): Promise<void> {
  await session.query(
    `update rowproof.apply_lease set state = $3, reason = $4, owner = null, epoch = epoch + 1,
       closed_at = case when $3 = 'open' then null else pg_catalog.clock_timestamp() end
     where run = $1 and lease = $2`,
    [run, lease, state, reason],
  );
}

export async function setRulesOn(session: Session, run: string): Promise<void> {
  await session.query(`update rowproof.apply_lease set rules_on = true where run = $1 and lease = 'delta'`, [run]);
}

/** The same attempt goes on in this session; false when it lost the apply lease. Outside a transaction, as takeLane. */
export async function moveApplyLease(session: Session, run: string, lease: LeaseName, nonce: string): Promise<boolean> {
  const { rowCount } = await session.query(
    `update rowproof.apply_lease set backend_pid = pg_catalog.pg_backend_pid(),
       backend_start = (select a.backend_start from pg_catalog.pg_stat_activity a where a.pid = pg_catalog.pg_backend_pid())
     where run = $1 and lease = $2 and state = 'open' and owner = $3::uuid`,
    [run, lease, nonce],
  );
  return rowCount === 1;
}

/** Gives the apply lease back where `nonce` still has it, so that the next one need not wait. */
export async function releaseApplyLease(session: Session, run: string, lease: LeaseName, nonce: string): Promise<void> {
  await session.query(
    `update rowproof.apply_lease set owner = null, epoch = epoch + 1 where run = $1 and lease = $2 and owner = $3::uuid`,
    [run, lease, nonce],
  );
}

/** Application name of the live session that holds the apply lease; null when nobody does, or the holder is gone. */
export async function leaseHolder(session: Session, run: string, lease: LeaseName): Promise<string | null> {
  const { rows } = await session.query<{ name: string }>(
    `select a.application_name as name from rowproof.apply_lease l
       join pg_catalog.pg_stat_activity a on a.pid = l.backend_pid and a.backend_start = l.backend_start
     where l.run = $1 and l.lease = $2 and l.owner is not null`,
    [run, lease],
  );
  return rows[0]?.name ?? null;
}
