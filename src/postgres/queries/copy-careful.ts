import type { ColumnType, QualifiedName } from '../../contract/catalog';
import type { CompiledColumn } from '../../contract/compiled';
import { identifier, qualified } from '../../sql/quote';
import { createJudgeSql, judgeCall, readRefusal, type Refusal } from '../../transform/value-trial';
import type { Session } from '../session';

export interface LoadedColumn {
  readonly target: string;
  readonly type: ColumnType;
}

/** Two tables of one careful transaction: the rows as text by position, and one whose rows show the current xmin. */
export interface CarefulTables {
  readonly rows: string;
  readonly mark: string;
  /** A function that judges the values of a row, while it is needed. */
  readonly judge: string;
}

const field = (index: number): string => `c${index}`;

/** Cast of a text to a type without its typmod: a bare `character` or `bit` would mean one character and cut the value. */
function castTo(type: ColumnType): string {
  if (type.schema !== 'pg_catalog') return `::${type.name}`;
  return `::${type.name.replace(/^character(?=$|\[)/, 'pg_catalog.bpchar').replace(/^bit(?=$|\[)/, 'pg_catalog."bit"')}`;
}

/**
 * Creates the tables inside the caller's transaction. Temporary ones; where the role may not have those, tables of this
 * backend in schema rowproof, which never outlive the transaction either.
 */
export async function createCarefulTables(session: Session, columns: number): Promise<CarefulTables> {
  const { rows } = await session.query<{ may: string }>(
    `select has_database_privilege(current_database(), 'TEMP')::text as may`,
  );
  const temporary = rows[0]?.may === 'true';
  const name = (kind: string): string =>
    temporary ? `pg_temp.rowproof_${kind}` : `rowproof.${identifier(`${kind}_${session.pid}`)}`;
  const tables = { rows: name('careful'), mark: name('mark'), judge: name('judge') };
  const fields = Array.from({ length: columns }, (_, index) => `, ${field(index)} text`).join('');
  await session.query(`create table ${tables.rows} (position bigint primary key, refusal text${fields})`);
  await session.query(`create table ${tables.mark} (one int)`);
  return tables;
}

/** To be called before the transaction commits. */
export async function dropCarefulTables(session: Session, tables: CarefulTables): Promise<void> {
  await session.query(`drop table ${tables.rows}, ${tables.mark}`);
}

/**
 * Asks the target about the judged columns of all stored rows, `rowsAtATime` of them a statement: the rows that it does not take as
 * they are, which no insert takes up.
 */
export async function judgeCareful(
  session: Session,
  tables: CarefulTables,
  columns: readonly CompiledColumn[],
  total: number,
  rowsAtATime: number,
): Promise<{ position: number; column: string; refusal: Refusal }[]> {
  const judged = columns.flatMap(({ target, trial }, index) => (trial === undefined ? [] : [{ target, trial, index }]));
  if (judged.length === 0) return [];
  for (const sql of createJudgeSql(
    tables.judge,
    judged.map(({ trial }) => trial),
  ))
    await session.query(sql);
  const call = judgeCall(
    tables.judge,
    judged.map(({ index }) => `j.${field(index)}`),
  );
  const refused: { position: number; column: string; refusal: Refusal }[] = [];
  for (let from = 0; from < total; from += rowsAtATime) {
    const { rows } = await session.query<{ position: string; refusal: string }>(
      `update ${tables.rows} r set refusal = x.refusal
       from (select j.position, ${call} as refusal from ${tables.rows} j where j.position >= $1 and j.position < $2 offset 0) x
       where x.position = r.position and x.refusal is not null returning r.position::text as position, r.refusal as refusal`,
      [from, from + rowsAtATime],
    );
    for (const row of rows) {
      const refusal = readRefusal(row.refusal);
      const column = (judged[refusal.field] as (typeof judged)[number]).target;
      refused.push({ position: Number(row.position), column, refusal });
    }
  }
  await session.query(`drop function ${tables.judge}`);
  return refused;
}

/** Where `copyIn` puts rows: position, then every loaded column as text. */
export function carefulRowsInto(tables: CarefulTables, columns: number): string {
  const fields = Array.from({ length: columns }, (_, index) => `, ${field(index)}`).join('');
  return `${tables.rows} (position${fields})`;
}

/**
 * Inserts the rows at positions [from, to) that were not refused into the target; how many were due, how many arrived, and their xmin: a subtransaction has its own
 * id, and RETURNING xmin does not work on partitioned tables, so a row of a table of ours written beside them shows it.
 */
export async function insertCarefulRows(
  session: Session,
  tables: CarefulTables,
  target: QualifiedName,
  columns: readonly LoadedColumn[],
  span: { readonly from: number; readonly to: number },
): Promise<{ rows: number; due: number; xmin: string }> {
  const names = columns.map((column) => identifier(column.target)).join(', ');
  const casts = columns.map((column, index) => `r.${field(index)}${castTo(column.type)}`).join(', ');
  const due = `r.position >= $1 and r.position < $2 and r.refusal is null`;
  const { rows } = await session.query<{ n: string; due: string; xmin: string }>(
    `with mark as (insert into ${tables.mark} values (1) returning xmin::text as xmin),
     arrived as (
       insert into ${qualified(target)} (${names}) overriding system value
       select ${casts} from ${tables.rows} r where ${due} order by r.position
       returning 1)
     select (select count(*) from arrived)::text as n, (select count(*) from ${tables.rows} r where ${due})::text as due,
       (select xmin from mark) as xmin`,
    [span.from, span.to],
  );
  const row = rows[0] as { n: string; due: string; xmin: string };
  return { rows: Number(row.n), due: Number(row.due), xmin: row.xmin };
}

/** One value of a stored row as the target spells it; raises where the type does not take it. */
export async function canonicalCarefulValue(
  session: Session,
  tables: CarefulTables,
  type: ColumnType,
  column: number,
  position: number,
): Promise<string | null> {
  const { rows } = await session.query<{ value: string | null }>(
    `select (r.${field(column)}${castTo(type)})::text as value from ${tables.rows} r where r.position = $1`,
    [position],
  );
  return (rows[0] as { value: string | null }).value;
}

/** Target key text of the stored rows at `positions`, by position, as the target spells it. */
export async function carefulKeys(
  session: Session,
  tables: CarefulTables,
  columns: readonly LoadedColumn[],
  key: readonly number[],
  positions: readonly number[],
  total: number,
): Promise<string[]> {
  const parts = key.map((index) => `(r.${field(index)}${castTo((columns[index] as LoadedColumn).type)})::text`);
  const { rows } = await session.query<{ position: string; key: string }>(
    `select r.position::text as position, jsonb_build_array(${parts.join(', ')})::text as key
     from ${tables.rows} r where r.position = any($1::bigint[])`,
    [positions],
  );
  const keys = new Array<string>(total).fill('');
  for (const row of rows) keys[Number(row.position)] = row.key;
  return keys;
}
