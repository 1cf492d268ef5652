import { baseTypeName } from '../../../compile/statements/type-facts';
import type { CheckSpec, CompiledMapping } from '../../../contract/compiled';
import type { QuarantineCause, SharedFacts } from '../../../copy/quarantine-cause';
import { identifier, literal } from '../../../sql/quote';
import { asApplication } from '../../application-path';
import type { BatchName } from '../../ledger/batch';
import { causesOf, writeQuarantineInBulk } from '../../ledger/quarantine/quarantine-bulk';
import type { Session } from '../../session';
import { castTo, type CarefulTables } from './careful';
import { inSavepoint } from './savepoint';

type Column = CompiledMapping['columns'][number];

/** A text as the type itself or the base of its domain, whose rules are looked at apart. */
function typed(column: Column, text: string): string {
  const { type } = column;
  if (type.kind !== 'domain' || type.base === null) return `${text}${castTo(type)}`;
  return `${text}${castTo({ ...type, schema: 'pg_catalog', name: baseTypeName(type) })}`;
}

/**
 * SQL that is true for rows of `rows`, an expression of FROM whose columns c0, c1, … are the loaded columns as text, that break the
 * CHECK by the target's own functions, operators and types. It may raise. Null where the CHECK reads what is not loaded.
 */
export function breaksCheckSql(
  mapping: Pick<CompiledMapping, 'columns'>,
  check: CheckSpec,
  alias: string,
): string | null {
  const read = check.columns.map((name) => mapping.columns.findIndex((column) => column.target === name));
  if (read.some((at) => at < 0)) return null;
  const values = read.map((at) => {
    const column = mapping.columns[at] as Column;
    return `${typed(column, `${alias}.c${at}`)} as ${check.ofDomain ? 'value' : identifier(column.target)}`;
  });
  return `(select (${check.expression}) is false from (select ${values.join(', ')}) as t)`;
}

/** Marks the stored rows that break a CHECK, without trying to insert them, but for those set `aside`; what cannot be said in SQL is left to the insert. */
export async function markBroken(
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

/** The referenced columns of a stored row `r` as jsonb; null where none are. Raises where a type refuses such a value. */
function refsOfStored(mapping: CompiledMapping): string | null {
  const names = mapping.referencedColumns;
  if (names.length === 0) return null;
  const texts = names.map((name) => {
    const at = mapping.columns.findIndex((column) => column.target === name);
    return at < 0 ? 'null' : `(${typed(mapping.columns[at] as Column, `r.c${at}`)})::text`;
  });
  return `jsonb_object(array[${names.map(literal).join(', ')}]::text[], array[${texts.join(', ')}]::text[])`;
}

/** Gives `work` the refs of stored rows; where a type refuses a value among them, none: what only it refers to counts as gone. */
async function withRefs<T>(session: Session, mapping: CompiledMapping, work: (refs: string) => Promise<T>): Promise<T> {
  const refs = refsOfStored(mapping);
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
    position: Number(row.position),
    sourceKey: row.source_key,
    check: Number(row.broken),
    refs: row.refs,
  }));
}

/** Writes the stored rows that break a CHECK into the quarantine of a batch; what it says of them, and how many were written. */
export async function quarantineBroken(
  session: Session,
  rows: string,
  mapping: CompiledMapping,
  batch: BatchName,
  factsOf: (check: number) => SharedFacts,
): Promise<{ causes: readonly QuarantineCause[]; written: number }> {
  const bad = { from: `${rows} as r`, key: 'r.source_key', cause: 'r.broken::text' };
  const causes = await causesOf(session, bad, (check) => factsOf(Number(check)));
  if (causes.length === 0) return { causes, written: 0 };
  const written = await withRefs(session, mapping, (refs) =>
    writeQuarantineInBulk(session, batch, { ...bad, refs }, causes),
  );
  return { causes, written };
}
