import type { QualifiedName } from '../../../contract/catalog';

export interface MappedTable {
  /** Name of the mapping. */
  readonly name: string;
  readonly target: QualifiedName;
}

/** $1 of the queries that start with `mappedTree`. */
export function tablesParameter(tables: readonly MappedTable[]): string {
  return JSON.stringify(
    tables.map(({ name, target }) => ({ mapping: name, schema: target.schema, name: target.name })),
  );
}

/** CTE `tree(oid, mapping, depth)`: the mapped tables of $1 with all their partitions. */
export const mappedTree = `with recursive tree as (
    select c.oid, m.mapping, 0 as depth
    from jsonb_to_recordset($1::jsonb) as m (mapping text, schema text, name text)
    join pg_catalog.pg_namespace n on n.nspname = m.schema
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = m.name and c.relkind in ('r', 'p')
    union all
    select i.inhrelid, t.mapping, t.depth + 1
    from tree t join pg_catalog.pg_inherits i on i.inhparent = t.oid
    join pg_catalog.pg_class c on c.oid = i.inhrelid and c.relispartition
  )`;

/** SQL for the name of a relation as JSON; `oid` is an SQL expression. */
export function nameOf(oid: string): string {
  return `(select jsonb_build_object('schema', nn.nspname, 'name', nc.relname)
    from pg_catalog.pg_class nc join pg_catalog.pg_namespace nn on nn.oid = nc.relnamespace where nc.oid = ${oid})`;
}
