import type { Session } from '../../session';
import { flag, integer } from '../../row';

export interface StoredDecision {
  readonly finding: string;
  readonly action: string;
  readonly expectsRows: boolean;
}

export async function readDecisions(session: Session, run: string): Promise<StoredDecision[]> {
  const { rows } = await session.query<{ finding: string; action: string; expects: string }>(
    `select finding, action, (expect_rows is not null)::text as expects from rowproof.decision where run = $1 order by finding`,
    [run],
  );
  return rows.map((row) => ({ finding: row.finding, action: row.action, expectsRows: flag(row, 'expects') }));
}

/** An operator's decision that a whole batch goes into quarantine, with the rows it turned out to hold. */
export async function recordBatchDecision(
  session: Session,
  run: string,
  decision: { readonly finding: string; readonly rows: number; readonly by: string; readonly reason: string },
): Promise<void> {
  await session.query(
    `insert into rowproof.decision (run, finding, action, expect_rows, tolerance, reason, decided_by, origin)
     values ($1, $2, 'quarantine', $3, 0, $4, $5, 'operator')
     on conflict (run, finding) do update set expect_rows = excluded.expect_rows, reason = excluded.reason, decided_by = excluded.decided_by`,
    [run, decision.finding, decision.rows, decision.reason, decision.by],
  );
}

/** Exact rows of the mapping's source as discovery counted them, null before discovery. */
export async function profiledRows(session: Session, run: string, mapping: string): Promise<number | null> {
  const { rows } = await session.query<{ total: string }>(
    'select total::text as total from rowproof.profile where run = $1 and mapping = $2',
    [run, mapping],
  );
  return rows[0] === undefined ? null : integer(rows[0], 'total');
}
