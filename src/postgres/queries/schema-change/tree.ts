import type { QualifiedName } from '../../../contract/catalog';
import type { RelationsNow } from '../../../rollback/relations-now';
import { qualified } from '../../../sql/quote';
import type { Session } from '../../session';
import { nameOf } from './tables';

/** Those of the relations that are there, with all partitions below them. */
export async function relationsNow(session: Session, relations: readonly QualifiedName[]): Promise<RelationsNow> {
  const { rows } = await session.query<{ name: string; parent: string | null; identity: string }>(
    `with recursive tree as (
       select c.oid from jsonb_to_recordset($1::jsonb) as m (schema text, name text)
       join pg_catalog.pg_namespace n on n.nspname = m.schema
       join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = m.name and c.relkind in ('r', 'p')
       union
       select i.inhrelid from tree join pg_catalog.pg_inherits i on i.inhparent = tree.oid
       join pg_catalog.pg_class c on c.oid = i.inhrelid and c.relispartition
     )
     select ${nameOf('c.oid')}::text as name, c.relreplident::text as identity,
       (select ${nameOf('i.inhparent')}::text from pg_catalog.pg_inherits i where i.inhrelid = c.oid and c.relispartition) as parent
     from tree join pg_catalog.pg_class c using (oid)`,
    [JSON.stringify(relations.map(({ schema, name }) => ({ schema, name })))],
  );
  const nameIn = (json: string): QualifiedName => JSON.parse(json) as QualifiedName;
  return new Map(
    rows.map(({ name, parent, identity }) => [
      qualified(nameIn(name)),
      { relation: nameIn(name), parent: parent === null ? null : qualified(nameIn(parent)), identity },
    ]),
  );
}
