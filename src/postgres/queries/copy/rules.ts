import type { CheckSpec, CompiledMapping } from '../../../contract/compiled';
import { identifier, literal } from '../../../sql/quote';
import { asApplication } from '../../application-path';
import type { Session } from '../../session';
import { looseType, type CarefulTables } from './careful';
import { inSavepoint } from './savepoint';
import { integer } from '../../row';

type Column = CompiledMapping['columns'][number];

/** A value, or its text, as the type itself or the base of its domain. */
function typed(column: Column, value: string): string {
  return `${value}::${looseType(column)}`;
}

/**
 * SQL that is true for rows of `rows`, an expression of FROM whose columns c0, c1, … are the loaded columns or their text, that break the
 * CHECK by the target's own functions, operators and types. It may raise. Null where the CHECK reads what is not loaded.
 */
function breaksCheckSql(mapping: Pick<CompiledMapping, 'columns'>, check: CheckSpec, alias: string): string | null {
  const read = check.columns.map((name) => mapping.columns.findIndex((column) => column.target === name));
  if (read.some((at) => at < 0)) return null;
  const values = read.map((at) => {
    const column = mapping.columns[at] as Column;
    return `${typed(column, `${alias}.c${at}`)} as ${check.ofDomain ? 'value' : identifier(column.target)}`;
  });
  return `(select (${check.expression}) is false from (select ${values.join(', ')}) as t)`;
}

/** Marks the stored rows that break a CHECK, without trying to insert them, but for those set `aside`; what cannot be said in SQL is left to the insert. */
export async function noteBroken(
  session: Session,
  rows: string,
  mapping: CompiledMapping,
  aside: ReadonlySet<string>,
): Promise<void> {
  for (const [index, check] of mapping.checks.entries()) {
    if (aside.has(check.name)) continue;
    const breaks = breaksCheckSql(mapping, check, 'r');
    if (breaks === null) continue;
    await inSavepoint(session, () =>
      asApplication(session, () =>
        session.query(
          `update ${rows} as r set broken = ${index} where case when r.broken is null and r.refusal is null then ${breaks} else false end`,
        ),
      ),
    );
  }
}

/** A stored row that breaks the CHECK at `check`, with the text of each referenced column as the target would spell it. */
export interface BrokenRow {
  readonly position: number;
  /** Null where it was stored without one. */
  readonly sourceKey: string | null;
  readonly check: number;
  readonly refs: string | null;
}

/** The referenced columns of a stored row as jsonb, from SQL of each; null where none are. Raises where a type refuses such a value. */
export function refsOfStored(mapping: CompiledMapping, valueOf: (column: Column, at: number) => string): string | null {
  const names = mapping.referencedColumns;
  if (names.length === 0) return null;
  const texts = names.map((name) => {
    const at = mapping.columns.findIndex((column) => column.target === name);
    return at < 0 ? 'null' : `(${valueOf(mapping.columns[at] as Column, at)})::text`;
  });
  return `jsonb_object(array[${names.map(literal).join(', ')}]::text[], array[${texts.join(', ')}]::text[])`;
}

/** Gives `work` the refs of stored rows; where a type refuses a value among them, none: what only it refers to counts as gone. */
async function withRefs<T>(session: Session, mapping: CompiledMapping, work: (refs: string) => Promise<T>): Promise<T> {
  const refs = refsOfStored(mapping, (column, at) => typed(column, `r.c${at}`));
  const whole = refs === null ? null : await inSavepoint(session, () => work(refs));
  return whole !== null && 'value' in whole ? whole.value : work('null::jsonb');
}

export async function brokenRows(
  session: Session,
  tables: CarefulTables,
  mapping: CompiledMapping,
): Promise<BrokenRow[]> {
  const { rows } = await withRefs(session, mapping, (refs) =>
    session.query<{ position: string; source_key: string | null; broken: string; refs: string | null }>(
      `select r.position::text as position, r.source_key, r.broken::text as broken, (${refs})::text as refs
       from ${tables.rows} as r where r.broken is not null order by r.position`,
    ),
  );
  return rows.map((row) => ({
    position: integer(row, 'position'),
    sourceKey: row.source_key,
    check: integer(row, 'broken'),
    refs: row.refs,
  }));
}
