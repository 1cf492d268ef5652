import type { ColumnType, QualifiedName } from '../../contract/catalog';
import { replicaIdentityFull } from '../../sql/replica-identity';
import { identifier, qualified } from '../../sql/quote';
import type { Session } from '../session';

export interface LoadedColumn {
  readonly target: string;
  readonly type: ColumnType;
}

/** Two tables of one careful transaction: the rows as text by position, and one whose rows show the current xmin. */
export interface CarefulTables {
  readonly rows: string;
  readonly mark: string;
}

const field = (index: number): string => `c${index}`;

/** Cast of a text to a type without its typmod: a bare `character` or `bit` would mean one character and cut the value. */
function castTo(type: ColumnType): string {
  if (type.schema !== 'pg_catalog') return `::${type.name}`;
  return `::${type.name.replace(/^character(?=$|\[)/, 'pg_catalog.bpchar').replace(/^bit(?=$|\[)/, 'pg_catalog.bit')}`;
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
  const tables = { rows: name('careful'), mark: name('mark') };
  const fields = Array.from({ length: columns }, (_, index) => `, ${field(index)} text`).join('');
  await session.query(`create table ${tables.rows} (position bigint primary key${fields})`);
  await session.query(`create table ${tables.mark} (one int)`);
  if (!temporary) await session.query(replicaIdentityFull(tables.mark));
  return tables;
}

/** To be called before the transaction commits. */
export async function dropCarefulTables(session: Session, tables: CarefulTables): Promise<void> {
  await session.query(`drop table ${tables.rows}, ${tables.mark}`);
}

/** Where `copyIn` puts rows: position, then every loaded column as text. */
export function carefulRowsInto(tables: CarefulTables, columns: number): string {
  const fields = Array.from({ length: columns }, (_, index) => `, ${field(index)}`).join('');
  return `${tables.rows} (position${fields})`;
}

/**
 * Inserts the rows at positions [from, to) into the target; how many arrived, and their xmin: a subtransaction has its own
 * id, and RETURNING xmin does not work on partitioned tables, so a row of a table of ours written beside them shows it.
 */
export async function insertCarefulRows(
  session: Session,
  tables: CarefulTables,
  target: QualifiedName,
  columns: readonly LoadedColumn[],
  span: { readonly from: number; readonly to: number },
): Promise<{ rows: number; xmin: string }> {
  const names = columns.map((column) => identifier(column.target)).join(', ');
  const casts = columns.map((column, index) => `r.${field(index)}${castTo(column.type)}`).join(', ');
  const { rows } = await session.query<{ n: string; xmin: string }>(
    `with mark as (insert into ${tables.mark} values (1) returning xmin::text as xmin),
     arrived as (
       insert into ${qualified(target)} (${names}) overriding system value
       select ${casts} from ${tables.rows} r where r.position >= $1 and r.position < $2 order by r.position
       returning 1)
     select (select count(*) from arrived)::text as n, (select xmin from mark) as xmin`,
    [span.from, span.to],
  );
  const row = rows[0] as { n: string; xmin: string };
  return { rows: Number(row.n), xmin: row.xmin };
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
