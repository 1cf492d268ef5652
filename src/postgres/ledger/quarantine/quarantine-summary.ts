import type { Session } from '../../session';
import { integer } from '../../row';

export interface QuarantineGroup {
  readonly mapping: string;
  readonly class: 'quarantined' | 'out_of_scope';
  readonly reason: string;
  readonly finding: string;
  readonly rows: number;
}

/** Rows in quarantine by mapping, class, reason and finding; counts only. */
export async function quarantineByReason(session: Session, run: string): Promise<QuarantineGroup[]> {
  const { rows } = await session.query<Record<keyof QuarantineGroup, string>>(
    `select mapping, class, reason, finding, count(*) as rows from rowproof.quarantine
     where run = $1 group by mapping, class, reason, finding order by mapping, count(*) desc, finding`,
    [run],
  );
  return rows.map((row) => ({ ...row, class: row.class as QuarantineGroup['class'], rows: integer(row, 'rows') }));
}

export interface QuarantinedKey {
  readonly sourceKey: string;
  readonly reason: string;
  readonly finding: string;
  readonly column: string | null;
  readonly sqlstate: string | null;
}

/** The next `limit` quarantined keys of a mapping after `after`, in key text order. */
export async function quarantinedKeys(
  session: Session,
  run: string,
  mapping: string,
  after: string | null,
  limit: number,
): Promise<QuarantinedKey[]> {
  const { rows } = await session.query<{
    source_key: string;
    reason: string;
    finding: string;
    column_name: string | null;
    sqlstate: string | null;
  }>(
    `select source_key, reason, finding, column_name, sqlstate from rowproof.quarantine
     where run = $1 and mapping = $2 and class = 'quarantined' and ($3::text is null or source_key > $3)
     order by source_key limit $4`,
    [run, mapping, after, limit],
  );
  return rows.map(({ source_key: sourceKey, column_name: column, ...rest }) => ({ ...rest, sourceKey, column }));
}

/** Every row of the quarantine with its source key: for tests and the demo, never for a report. */
export async function readQuarantine(
  session: Session,
  run: string,
): Promise<{ mapping: string; key: string; class: string; finding: string }[]> {
  const { rows } = await session.query<{ mapping: string; key: string; class: string; finding: string }>(
    `select mapping, source_key as key, class, finding from rowproof.quarantine where run = $1 order by mapping, source_key`,
    [run],
  );
  return rows;
}
