import type { QualifiedName } from '../../../contract/catalog';
import type { Session } from '../../session';
import { relationNames, tableTree } from '../schema-change/table-tree';
import { flag } from '../../row';

/** What stands on the tables of a source, as object name to description; names and definitions, no rows. */

/** Triggers, replica identity and publications of the relations and everything below them; what runs put there is left out. */
export async function describeSource(
  session: Session,
  relations: readonly QualifiedName[],
): Promise<{ object: string; text: string }[]> {
  const { rows } = await session.query<{ object: string; text: string }>(
    `with recursive ${tableTree}, named as (
       select c.oid, c.relreplident, pg_catalog.format('%I.%I', n.nspname, c.relname) as name
       from tree join pg_catalog.pg_class c using (oid) join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     )
     select pg_catalog.format('trigger %I on %s', t.tgname, named.name) as object,
       pg_catalog.concat(t.tgenabled, ' ', pg_catalog.pg_get_triggerdef(t.oid)) as text
     from named join pg_catalog.pg_trigger t on t.tgrelid = named.oid where not t.tgisinternal
       and not exists (select from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
         where p.oid = t.tgfoid and n.nspname = 'rowproof')
     union all
     select pg_catalog.concat('replica identity of ', name), relreplident::text from named
     union all
     select pg_catalog.format('publication %I of %s', p.pubname, named.name), 'published'
     from named join pg_catalog.pg_publication_rel r on r.prrelid = named.oid join pg_catalog.pg_publication p on p.oid = r.prpubid and p.pubname not like 'rowproof%'`,
    [relationNames(relations)],
  );
  return rows.map(({ object, text }) => ({ object, text }));
}

/** Everything on the source that carries the name: relations and functions of schema rowproof, triggers, publications, slots. */
export async function objectsNamed(session: Session, name: string): Promise<string[]> {
  const { rows } = await session.query<{ object: string }>(
    `select * from (
       select pg_catalog.format('rowproof.%I', c.relname) as object from pg_catalog.pg_class c
       join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'rowproof' and c.relkind in ('r', 'S') and pg_catalog.strpos(c.relname, $1) > 0
       union all
       select pg_catalog.format('function rowproof.%I', p.proname) from pg_catalog.pg_proc p
       join pg_catalog.pg_namespace n on n.oid = p.pronamespace
       where n.nspname = 'rowproof' and pg_catalog.strpos(p.proname, $1) > 0
       union all
       select pg_catalog.format('trigger %I on %I.%I', t.tgname, n.nspname, c.relname) from pg_catalog.pg_trigger t
       join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where not t.tgisinternal and pg_catalog.strpos(t.tgname, $1) > 0
       union all
       select pg_catalog.format('publication %I', pubname) from pg_catalog.pg_publication where pg_catalog.strpos(pubname, $1) > 0
       union all
       select pg_catalog.format('slot %I', slot_name) from pg_catalog.pg_replication_slots where pg_catalog.strpos(slot_name, $1) > 0
     ) found order by object`,
    [name],
  );
  return rows.map(({ object }) => object);
}

/** Whether schema rowproof is there, and holds anything. */
export async function rowproofSchema(session: Session): Promise<'absent' | 'empty' | 'used'> {
  const { rows } = await session.query<{ used: string }>(
    `select (exists (select from pg_catalog.pg_class c where c.relnamespace = n.oid)
       or exists (select from pg_catalog.pg_proc p where p.pronamespace = n.oid))::text as used
     from pg_catalog.pg_namespace n where n.nspname = 'rowproof'`,
  );
  if (rows[0] === undefined) return 'absent';
  return flag(rows[0], 'used') ? 'used' : 'empty';
}
