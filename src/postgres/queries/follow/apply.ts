import type { Session } from '../../session';
import { tryStatements, type Tried } from '../copy/savepoint';

/** Rows of `returning class`, counted. */
export interface ClassCounts {
  readonly quarantined: number;
  readonly outOfScope: number;
}

/** Runs one compiled statement; how many rows it touched. */
export async function applyStatement(session: Session, sql: string, values?: readonly unknown[]): Promise<number> {
  return (await session.query(sql, values)).rowCount;
}

/** One row of counts; what is no number is left out. */
export async function readCounts(
  session: Session,
  sql: string,
  values?: readonly unknown[],
): Promise<{ readonly counts: Readonly<Record<string, number>>; readonly xmin: string | null }> {
  const { rows } = await session.query<Record<string, string | null>>(sql, values);
  return toCounts(rows[0]);
}

/** As readCounts, in a savepoint of its own: a data error is returned as facts. */
export async function tryCounts(
  session: Session,
  sql: string,
): Promise<Tried<{ readonly counts: Readonly<Record<string, number>>; readonly xmin: string | null }>> {
  // between those of the savepoint
  return tryStatements(session, sql, async (text) => toCounts((await session.queryEach(text))[1]?.rows[0]));
}

function toCounts(row: Record<string, string | null> = {}): { counts: Record<string, number>; xmin: string | null } {
  const { xmin, ...rest } = row;
  return {
    counts: Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, Number(value)])),
    xmin: xmin ?? null,
  };
}

/** Runs a statement that returns the class of quarantine rows. */
export async function countClasses(session: Session, sql: string, values: readonly unknown[]): Promise<ClassCounts> {
  const { rows } = await session.query<{ class: string }>(sql, values);
  const outOfScope = rows.filter((row) => row.class === 'out_of_scope').length;
  return { quarantined: rows.length - outOfScope, outOfScope };
}

/**
 * Until the transaction ends: deferred constraints speak at once, so that a bad row is seen in its own savepoint; and lookups in
 * large tables go through their keys, since scratch tables have no statistics.
 */
export async function beginApplying(session: Session): Promise<void> {
  await session.query(`set constraints all immediate; select pg_catalog.set_config('random_page_cost', '1.1', true)`);
}

/** Names among these mappings that have rows in quarantine. */
export async function quarantinedMappings(
  session: Session,
  run: string,
  mappings: readonly string[],
): Promise<string[]> {
  return readTexts(
    session,
    `select m from unnest($2::text[]) m where exists (select from rowproof.quarantine q where q.run = $1 and q.mapping = m)`,
    [run, mappings],
  );
}

/** Source keys for target keys, into the scratch table that traces rows. */
export async function storeTrace(
  session: Session,
  table: string,
  keys: readonly { readonly key: string; readonly targetKey: string }[],
): Promise<void> {
  await session.query(
    `insert into ${table} select r."targetKey", r.key from jsonb_to_recordset($1::jsonb) as r (key text, "targetKey" text)`,
    [JSON.stringify(keys)],
  );
}

/** Why candidates of a table lost, each once. */
export async function readOutcomes(session: Session, outcome: string): Promise<string[]> {
  const { rows } = await session.query<{ why: string }>(
    `select distinct why from ${outcome} where why like any (array['t%', 'c%', 'f%']) order by why`,
  );
  return rows.map((row) => row.why);
}

/** Places of scratch rows, as text. */
export async function readPlaces(session: Session, sql: string): Promise<string[]> {
  return (await session.query<{ n: string }>(sql)).rows.map((row) => row.n);
}

/** One text column of a query. */
export async function readTexts(session: Session, sql: string, values: readonly unknown[]): Promise<string[]> {
  const { rows } = await session.query<Record<string, string | null>>(sql, values);
  return rows.flatMap((row) => Object.values(row).slice(0, 1)).filter((value) => value !== null);
}

/** Candidates that the target itself refused: place, source key where it is known, referenced columns. */
export async function readRefused(
  session: Session,
  sql: string,
): Promise<{ n: string; k: string | null; refs: string | null }[]> {
  return (await session.query<{ n: string; k: string | null; refs: string | null }>(sql)).rows;
}

/** Runs a statement that returns the class of quarantine rows before (`was`) and after (`now`). */
export async function countMoves(
  session: Session,
  sql: string,
  values: readonly unknown[],
): Promise<{ changed: number; toOutOfScope: number }> {
  const { rows } = await session.query<{ was: string; now: string }>(sql, values);
  const out = (which: 'was' | 'now'): number => rows.filter((row) => row[which] === 'out_of_scope').length;
  return { changed: rows.length, toOutOfScope: out('now') - out('was') };
}
