import type { QualifiedName } from '../../../contract/catalog';

/** For `with recursive`: `tree (oid)` holds the relations that $1 names (see relationNames) with all partitions and inheritance children. */
export const tableTree = `tree (oid) as (
       select c.oid from pg_catalog.jsonb_to_recordset($1::jsonb) as m (schema text, name text)
       join pg_catalog.pg_namespace n on n.nspname = m.schema
       join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = m.name
       union
       select i.inhrelid from tree join pg_catalog.pg_inherits i on i.inhparent = tree.oid
     )`;

/** Relations as the JSON text that statements take their names from. */
export function relationNames(relations: readonly QualifiedName[]): string {
  return JSON.stringify(relations.map(({ schema, name }) => ({ schema, name })));
}
