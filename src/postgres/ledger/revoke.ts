import type { Session } from '../session';
import type { LeaseName } from './follow/apply-lease';
import { integer, integerOrNull } from '../row';

export interface HeldLease {
  readonly mapping: string;
  readonly ordinal: number;
  readonly backendPid: number | null;
  readonly backendStart: string | null;
}

/** Every batch of the run with the backend that last owned it. */
export async function readLeases(session: Session, run: string): Promise<HeldLease[]> {
  const { rows } = await session.query<Record<string, string | null>>(
    `select mapping, ordinal::text as ordinal, case when state = 'running' then backend_pid::text end as pid, backend_start::text as started
     from rowproof.batch where run = $1 and (state <> 'revoked') and (state <> 'done' or owner is not null)
     order by mapping, batch.ordinal`,
    [run],
  );
  return rows.map((row) => ({
    mapping: row['mapping'] as string,
    ordinal: integer(row, 'ordinal'),
    backendPid: integerOrNull(row, 'pid'),
    backendStart: row['started'] ?? null,
  }));
}

/**
 * Takes a batch away from whoever owns it, for good; 55P03 while its owner is about to commit. A finished batch keeps its
 * receipt: it names the rows that a rollback may take away.
 */
export async function revokeLease(session: Session, run: string, mapping: string, ordinal: number): Promise<void> {
  await session.query(
    `update rowproof.batch set state = case when state = 'done' then 'done' else 'revoked' end, owner = null, epoch = epoch + 1
     where run = $1 and mapping = $2 and ordinal = $3`,
    [run, mapping, ordinal],
  );
}

/** Leases that are not closed, with the backend that last took each. */
export async function readOpenLeases(
  session: Session,
  run: string,
): Promise<{ lease: LeaseName; backendPid: number | null; backendStart: string | null }[]> {
  const { rows } = await session.query<{ lease: LeaseName; pid: string | null; started: string | null }>(
    `select lease, case when owner is not null then backend_pid::text end as pid, backend_start::text as started
     from rowproof.apply_lease where run = $1 and state <> 'closed' order by lease`,
    [run],
  );
  return rows.map((row) => ({
    lease: row.lease,
    backendPid: integerOrNull(row, 'pid'),
    backendStart: row.started,
  }));
}
