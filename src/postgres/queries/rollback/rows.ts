import type { QualifiedName } from '../../../contract/catalog';
import { replicaIdentityFull } from '../../../sql/replica-identity';
import { identifier, qualified } from '../../../sql/quote';
import { countJoining } from '../../bulk-join';
import type { Session } from '../../session';
import { flag } from '../../row';

export async function hasRows(session: Session, table: QualifiedName): Promise<boolean> {
  const { rows } = await session.query<{ found: string }>(
    `select exists (select from ${qualified(table)})::text as found`,
  );
  return flag(rows[0], 'found');
}

/** Waits for writers of the table and keeps new ones out until the end of the transaction. */
export async function lockAgainstWriters(session: Session, table: QualifiedName): Promise<void> {
  await session.query(`LOCK TABLE ${qualified(table)} IN SHARE ROW EXCLUSIVE MODE`);
}

export async function lockExclusively(session: Session, tables: readonly QualifiedName[]): Promise<void> {
  if (tables.length > 0) await session.query(`LOCK TABLE ${tables.map(qualified).join(', ')} IN ACCESS EXCLUSIVE MODE`);
}

/** Copies all rows into a new table of schema rowproof; returns how many. */
export async function saveRows(session: Session, table: QualifiedName, into: QualifiedName): Promise<string> {
  await session.query(`create table ${qualified(into)} as table ${qualified(table)}`);
  await session.query(replicaIdentityFull(qualified(into)));
  return countRows(session, into);
}

export async function countRows(session: Session, table: QualifiedName): Promise<string> {
  const { rows } = await session.query<{ n: string }>(`select count(*)::text as n from ${qualified(table)}`);
  return rows[0]?.n as string;
}

/** Columns that can be written, in order: generated ones are computed again. */
export async function writableColumns(session: Session, table: QualifiedName): Promise<string[]> {
  const { rows } = await session.query<{ name: string }>(
    `select a.attname as name from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relname = $2 and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attnum`,
    [table.schema, table.name],
  );
  return rows.map((row) => row.name);
}

/** Writes saved rows back, identity values included; returns how many. */
export async function putRowsBack(
  session: Session,
  from: QualifiedName,
  into: QualifiedName,
  columns: readonly string[],
): Promise<number> {
  const list = columns.map(identifier).join(', ');
  const { rowCount } = await session.query(
    `insert into ${qualified(into)} (${list}) overriding system value select ${list} from ${qualified(from)}`,
  );
  return rowCount;
}

export async function dropTable(session: Session, table: QualifiedName): Promise<void> {
  await session.query(`drop table if exists ${qualified(table)}`);
}

export async function rowproofTableExists(session: Session, name: string): Promise<boolean> {
  const { rows } = await session.query(
    `select 1 from pg_catalog.pg_tables where schemaname = 'rowproof' and tablename = $1`,
    [name],
  );
  return rows.length > 0;
}

/** Empties tables at once; they may refer to each other, nothing else may refer to them. Never cascades. */
export async function truncateTables(session: Session, tables: readonly QualifiedName[]): Promise<void> {
  if (tables.length > 0)
    await session.query(`TRUNCATE TABLE ${tables.map(qualified).join(', ')} CONTINUE IDENTITY RESTRICT`);
}

/** Rows of a table that no receipt and no round of the run accounts for: written or changed by others since it was empty. */
export async function countForeignRows(
  session: Session,
  run: string,
  mapping: string,
  table: QualifiedName,
): Promise<number> {
  return countJoining(
    session,
    `select count(*)::text as n from ${qualified(table)} t
     where not exists (select from (select unnest(b.xids) as xid from rowproof.batch b where b.run = $1 and b.mapping = $2
         union all select unnest(r.xids) from rowproof.round r where r.run = $1) own
       where own.xid = t.xmin::text)`,
    [run, mapping],
  );
}

/** Whether any row of the table has a value in one of the columns. */
export async function refersAtAll(
  session: Session,
  table: QualifiedName,
  columns: readonly string[],
): Promise<boolean> {
  const filled = columns.map((column) => `${identifier(column)} is not null`).join(' or ');
  const { rows } = await session.query<{ found: string }>(
    `select exists (select from ${qualified(table)} where ${filled})::text as found`,
  );
  return flag(rows[0], 'found');
}

/** Whether a table, view or sequence of that name is there. */
export async function relationExists(session: Session, name: QualifiedName): Promise<boolean> {
  const { rowCount } = await session.query(
    `select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2`,
    [name.schema, name.name],
  );
  return rowCount > 0;
}
