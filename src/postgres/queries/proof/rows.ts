import type { ColumnType } from '../../../contract/catalog';
import type { ValueTrial } from '../../../contract/compiled';
import { bareTypeName, expectedTextSql } from '../../../transform/value-trial';
import { readRows } from '../../read-rows';
import type { Session } from '../../session';
import { asApplication } from '../../application-path';
import { integer } from '../../row';

/** Runs a compiled statement whose one parameter is a list of key texts; rows as arrays, whatever the columns are called. */
export async function rowsByKeys(session: Session, sql: string, keys: readonly string[]): Promise<(string | null)[][]> {
  return readRows(session, sql, [keys]);
}

/** A column whose texts are to be spelled: as its trial says what must be stored, else by a cast to the type without its modifier. */
export interface FormattedColumn {
  readonly type: ColumnType;
  readonly trial: ValueTrial | null;
  readonly texts: readonly (string | null)[];
}

/**
 * Canonical texts as this server spells them, never rounded or cut: where storing a value would change it, the value that was read.
 * Raises (22xxx, 23514) when one value does not fit; the session stays usable outside a transaction.
 */
export async function canonicalTexts(
  session: Session,
  columns: readonly FormattedColumn[],
): Promise<(string | null)[][]> {
  if (columns.length === 0) return [];
  for (const sql of new Set(columns.flatMap(({ trial }) => trial?.types ?? []))) await session.query(sql);
  const aliases = columns.map((_, index) => `a${index}`);
  const texts = columns.map(({ type, trial }, index) => {
    const text = `u.a${index}`;
    return trial === null ? `(${text}::${bareTypeName(type)})::text` : expectedTextSql(trial, text);
  });
  const sql = `select ${texts.join(', ')}
    from unnest(${columns.map((_, index) => `$${index + 1}::text[]`).join(', ')}) with ordinality as u(${aliases.join(', ')}, n)
    order by u.n`;
  const values = columns.map((column) => column.texts);
  // a domain may have a CHECK that calls a function of the target; types of our own catalog have none
  const plain = columns.every(({ type, trial }) => trial === null && !type.name.includes('.'));
  return plain ? readRows(session, sql, values) : asApplication(session, () => readRows(session, sql, values));
}

/** Memory that sorts of this transaction may use, e.g. `256MB`. */
export async function setWorkMem(session: Session, workMem: string): Promise<void> {
  await session.query(`select set_config('work_mem', $1, true)`, [workMem]);
}

export async function countRows(session: Session, relation: string): Promise<number> {
  const { rows } = await session.query<{ n: string }>(`select count(*)::text as n from ${relation}`);
  return integer(rows[0], 'n');
}

/** Runs a bound `scopeCounts` statement of a compiled mapping. */
export async function countScope(session: Session, sql: string): Promise<{ total: number; outOfScope: number }> {
  const { rows } = await session.query<{ total: string; out_of_scope: string }>(sql);
  return { total: integer(rows[0], 'total'), outOfScope: integer(rows[0], 'out_of_scope') };
}
