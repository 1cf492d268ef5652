import type { Session } from '../../session';
import { integer } from '../../row';

export interface QuarantineGroup {
  readonly mapping: string;
  readonly finding: string;
  readonly reason: string;
  readonly column: string | null;
  readonly rows: number;
}

/** Quarantined rows by the finding that took them; rows that only follow a parent need no decision of their own. */
export async function quarantineByFinding(session: Session, run: string): Promise<QuarantineGroup[]> {
  const { rows } = await session.query<{
    mapping: string;
    finding: string;
    reason: string;
    column_name: string | null;
    n: string;
  }>(
    `select mapping, finding, min(reason) as reason, min(column_name) as column_name, count(*)::text as n from rowproof.quarantine
     where run = $1 and class = 'quarantined' and reason not in ('parent_quarantined', 'parent_out_of_scope')
     group by mapping, finding order by mapping, finding`,
    [run],
  );
  return rows.map((row) => ({
    mapping: row.mapping,
    finding: row.finding,
    reason: row.reason,
    column: row.column_name,
    rows: integer(row, 'n'),
  }));
}
