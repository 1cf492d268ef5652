import type { QualifiedName } from '../../../contract/catalog';
import type { TriggerFacts } from '../../../profile/trigger-effect';
import type { Session } from '../../session';

/** Users' own triggers of a table, without the copies that its partitions have of them. */
export async function readTriggerFacts(session: Session, table: QualifiedName): Promise<TriggerFacts[]> {
  const { rows } = await session.query<{ doc: string }>(
    `select jsonb_build_object('name', t.tgname, 'enabled', t.tgenabled, 'type', t.tgtype, 'language', l.lanname, 'source', p.prosrc,
       'updateOf', coalesce((select jsonb_agg(a.attname) from pg_catalog.pg_attribute a
          where a.attrelid = t.tgrelid and a.attnum = any (t.tgattr::int2[])), '[]'),
       -- arguments end with a byte zero each
       'args', coalesce((select jsonb_agg(x.arg order by x.ord) from regexp_split_to_table(
            pg_catalog.encode(t.tgargs, 'escape'), '\\\\000') with ordinality as x (arg, ord) where x.ord <= t.tgnargs), '[]'))::text as doc
     from pg_catalog.pg_trigger t join pg_catalog.pg_proc p on p.oid = t.tgfoid join pg_catalog.pg_language l on l.oid = p.prolang
     join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relname = $2 and not t.tgisinternal and t.tgparentid = 0
       and not exists (select from pg_catalog.pg_namespace o where o.oid = p.pronamespace and o.nspname = 'rowproof')
     order by t.tgname collate "C"`,
    [table.schema, table.name],
  );
  return rows.map((row) => JSON.parse(row.doc) as TriggerFacts);
}

/** Those of the tables that have a trigger of a user; partitions have copies of their parent's. */
export async function tablesWithTriggers(
  session: Session,
  tables: readonly QualifiedName[],
): Promise<(table: QualifiedName) => boolean> {
  const { rows } = await session.query<{ schema: string; name: string }>(
    `select distinct n.nspname as schema, c.relname as name
     from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     join jsonb_to_recordset($1::jsonb) as g (schema text, name text) on (g.schema, g.name) = (n.nspname, c.relname)
     where not t.tgisinternal`,
    [JSON.stringify(tables.map(({ schema, name }) => ({ schema, name })))],
  );
  return (table) => rows.some(({ schema, name }) => schema === table.schema && name === table.name);
}
