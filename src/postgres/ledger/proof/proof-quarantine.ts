import type { QuarantineEntry } from '../../../validate/quarantine-agreement';
import type { Session } from '../../session';
import { integer } from '../../row';

/** Above this many rows of a mapping the quarantine is looked up chunk by chunk instead of being held in memory. */
const heldInMemory = 100_000;

/** Finds quarantine entries of one mapping by source key. */
export interface QuarantineBook {
  /** True when it is known to hold nothing. */
  readonly empty: boolean;
  find(keys: readonly string[]): Promise<ReadonlyMap<string, QuarantineEntry>>;
}

const columns = `source_key, reason, finding, to_jsonb(findings)::text as findings, sqlstate`;

interface Row {
  readonly source_key: string;
  readonly reason: string;
  readonly finding: string;
  readonly findings: string;
  readonly sqlstate: string | null;
}

function toMap(rows: readonly Row[]): Map<string, QuarantineEntry> {
  return new Map(
    rows.map((row) => [
      row.source_key,
      {
        reason: row.reason,
        finding: row.finding,
        findings: JSON.parse(row.findings) as string[],
        sqlstate: row.sqlstate,
      },
    ]),
  );
}

/** Opens the quarantine of a mapping for a proof; nothing may be added to it meanwhile. */
export async function openQuarantine(session: Session, run: string, mapping: string): Promise<QuarantineBook> {
  const { rows } = await session.query<Row>(
    `select ${columns} from rowproof.quarantine where run = $1 and mapping = $2 limit $3`,
    [run, mapping, heldInMemory + 1],
  );
  if (rows.length <= heldInMemory) {
    const all = toMap(rows);
    return { empty: all.size === 0, find: () => Promise.resolve(all) };
  }
  return quarantineByKeys(session, run, mapping);
}

/** The same looked up chunk by chunk, for a proof of a few keys. */
export function quarantineByKeys(session: Session, run: string, mapping: string): QuarantineBook {
  return {
    empty: false,
    async find(keys) {
      const found = await session.query<Row>(
        `select ${columns} from rowproof.quarantine where run = $1 and mapping = $2
           and source_key = any (array(select jsonb_array_elements_text($3::jsonb)))`,
        [run, mapping, JSON.stringify(keys)],
      );
      return toMap(found.rows);
    },
  };
}

/** Source keys whose rows only a server could refuse: reading them again may raise again. */
export async function refusedByServer(session: Session, run: string, mapping: string): Promise<string[]> {
  const { rows } = await session.query<{ source_key: string }>(
    `select source_key from rowproof.quarantine where run = $1 and mapping = $2 and sqlstate is not null order by source_key`,
    [run, mapping],
  );
  return rows.map((row) => row.source_key);
}

/** Quarantined rows by finding, those that only follow a parent aside. */
export async function quarantineByFinding(session: Session, run: string): Promise<{ finding: string; rows: number }[]> {
  const { rows } = await session.query<{ finding: string; n: string }>(
    `select finding, count(*)::text as n from rowproof.quarantine
     where run = $1 and reason not in ('parent_quarantined', 'parent_out_of_scope') group by finding order by finding`,
    [run],
  );
  return rows.map((row) => ({ finding: row.finding, rows: integer(row, 'n') }));
}

/** Every finding id that any quarantined row names, among its reasons or as the main one. */
export async function quarantineFindings(session: Session, run: string): Promise<string[]> {
  const { rows } = await session.query<{ finding: string }>(
    `select finding from rowproof.quarantine where run = $1
     union select unnest(findings) from rowproof.quarantine where run = $1 order by finding`,
    [run],
  );
  return rows.map((row) => row.finding);
}

/**
 * Rows that name at least one of these findings, each row once. A row whose main finding is among them counts only in the
 * class its decision asks for, unless it follows a parent: then the parent decides about its class.
 */
export async function countQuarantined(
  session: Session,
  run: string,
  findings: readonly string[],
  kind: 'quarantined' | 'out_of_scope',
): Promise<number> {
  if (findings.length === 0) return 0;
  const { rows } = await session.query<{ n: string }>(
    `select count(*)::text as n from rowproof.quarantine,
       (select array_agg(f) as ids from jsonb_array_elements_text($2::jsonb) as f) as wanted
     where run = $1 and case when finding = any(wanted.ids)
       then class = $3 or reason in ('parent_quarantined', 'parent_out_of_scope') else findings && wanted.ids end`,
    [run, JSON.stringify(findings), kind],
  );
  return integer(rows[0], 'n');
}
