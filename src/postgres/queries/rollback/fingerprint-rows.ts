import type { QualifiedName } from '../../../contract/catalog';
import type { ObjectName } from '../../../rollback/own-objects';
import { qualified } from '../../../sql/quote';
import type { Session } from '../../session';
import type { DescribedObject } from './fingerprint-relation';
import { readSequencePosition } from '../cutover/sequence';
import { mappedTree, nameOf, tablesParameter, type MappedTable } from '../schema-change/tables';
import { flag } from '../../row';

/**
 * Schemas of the mapped tables, of tables that foreign keys connect with them, and of materialized views over them. `among`: only those
 * whose object an earlier fingerprint has.
 */
export async function touchedSchemas(
  session: Session,
  tables: readonly MappedTable[],
  views: readonly QualifiedName[],
  among: readonly string[] | null = null,
): Promise<string[]> {
  if (among !== null) {
    const { rows } = await session.query<{ schema: string }>(
      `select n.nspname as schema from pg_catalog.pg_namespace n
       where format('schema %I', n.nspname) in (select jsonb_array_elements_text($1::jsonb)) order by 1`,
      [JSON.stringify(among)],
    );
    return rows.map((row) => row.schema);
  }
  const { rows } = await session.query<{ schema: string }>(
    `${mappedTree}, touched as (
       select oid from tree
       union select con.conrelid from pg_catalog.pg_constraint con where con.contype = 'f' and con.confrelid in (select oid from tree)
       union select con.confrelid from pg_catalog.pg_constraint con where con.contype = 'f' and con.conrelid in (select oid from tree)
     )
     select distinct n.nspname as schema from touched t join pg_catalog.pg_class c on c.oid = t.oid
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname not in ('rowproof', 'pg_catalog', 'information_schema')`,
    [tablesParameter(tables)],
  );
  return [...new Set([...rows.map((row) => row.schema), ...views.map((view) => view.schema)])].sort();
}

/** Position of every sequence of the schemas that the role may read. */
export async function describeSequencePositions(
  session: Session,
  schemas: readonly string[],
): Promise<DescribedObject[]> {
  const { rows } = await session.query<{ doc: string; object: string; readable: string }>(
    `select ${nameOf('c.oid')}::text as doc, format('position of sequence %I.%I', n.nspname, c.relname) as object,
       (pg_catalog.has_sequence_privilege(c.oid, 'SELECT') and pg_catalog.has_schema_privilege(n.oid, 'USAGE'))::text as readable
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'S' and n.nspname in (select jsonb_array_elements_text($1::jsonb))`,
    [JSON.stringify(schemas)],
  );
  const described: DescribedObject[] = [];
  for (const row of rows) {
    const position = flag(row, 'readable')
      ? await readSequencePosition(session, JSON.parse(row.doc) as QualifiedName)
      : null;
    described.push({ object: row.object, text: JSON.stringify(position) });
  }
  return described;
}

/**
 * Tables of the schemas with rows of their own, partitions as part of their root; `readable` says whether this role sees all
 * rows, so that a trigger of a mapped table which writes elsewhere is noticed.
 */
export async function tablesOf(
  session: Session,
  schemas: readonly string[],
): Promise<{ table: QualifiedName; readable: boolean }[]> {
  const { rows } = await session.query<{ doc: string; readable: string }>(
    `select ${nameOf('c.oid')}::text as doc, (pg_catalog.has_table_privilege(c.oid, 'SELECT')
       and pg_catalog.has_schema_privilege(n.oid, 'USAGE') and not pg_catalog.row_security_active(c.oid))::text as readable
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and not c.relispartition and n.nspname in (select jsonb_array_elements_text($1::jsonb))
     order by n.nspname, c.relname`,
    [JSON.stringify(schemas)],
  );
  return rows.map((row) => ({ table: JSON.parse(row.doc) as QualifiedName, readable: flag(row, 'readable') }));
}

/** Stands for the rows of a table that the role may not read (all of): nothing is said about them. */
export function unreadableRows(table: QualifiedName): DescribedObject {
  return { object: `rows of ${qualified(table)}`, text: 'unreadable' };
}

/** Number of rows and a digest over them that does not depend on their order; a row counts as often as it is there. */
export async function describeRows(session: Session, table: QualifiedName): Promise<DescribedObject> {
  const bits = (from: number): string =>
    `coalesce(sum(('x' || substr(h, ${from}, 15))::bit(60)::bigint::numeric), 0)::text`;
  const { rows } = await session.query<{ text: string }>(
    `select jsonb_build_array(count(*)::text, ${bits(1)}, ${bits(16)}, ${bits(31)})::text as text
     from (select encode(sha256(convert_to((t.*)::text, pg_catalog.getdatabaseencoding())), 'hex') as h from ${qualified(table)} t) rows`,
  );
  return { object: `rows of ${qualified(table)}`, text: rows[0]?.text as string };
}

/** Names as the objects of a fingerprint have them. */
export async function objectNames(session: Session, names: readonly ObjectName[]): Promise<Set<string>> {
  const { rows } = await session.query<{ name: string }>(
    `select pg_catalog.format(o.pattern, variadic array(select jsonb_array_elements_text(o.parts))) as name
     from jsonb_to_recordset($1::jsonb) as o (pattern text, parts jsonb)`,
    [JSON.stringify(names)],
  );
  return new Set(rows.map((row) => row.name));
}
