import type { QualifiedName } from '../../../contract/catalog';
import type { IdentityItem } from '../../../cutover/table-identity';
import type { Session } from '../../session';
import { attributesOfType, labelsOfType, partsOfTypes } from '../discovery/type-parts';

/** A table to look at, under the name that the answer gives it. */
export interface IdentifiedTable extends QualifiedName {
  readonly key: string;
}

/** Definitions only: expressions are compared as the catalog stores them. */
const md5 = (...parts: string[]): string => `pg_catalog.md5(pg_catalog.concat_ws('|', ${parts.join(', ')}))`;

/**
 * What the tables, with all partitions and inheritance children, consist of: every catalog row and file on which a proof of their rows
 * rests. In-place updates (VACUUM, ANALYZE) change none of it. Triggers of rowproof count only as far as they are called `gate`.
 */
export async function readTableIdentities(
  session: Session,
  tables: readonly IdentifiedTable[],
  gate: string,
): Promise<Map<string, IdentityItem[]>> {
  const { rows } = await session.query<Record<'key' | 'kind' | 'relation' | 'name' | 'says' | 'is' | 'seen', string>>(
    `with recursive tree (key, oid) as (
       select m.key, c.oid from pg_catalog.jsonb_to_recordset($1::jsonb) as m (key text, schema text, name text)
       join pg_catalog.pg_namespace n on n.nspname = m.schema join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = m.name
       union
       select tree.key, i.inhrelid from tree join pg_catalog.pg_inherits i on i.inhparent = tree.oid
     ), ${partsOfTypes('select atttypid from pg_catalog.pg_attribute where attnum > 0 and attrelid in (select oid from tree)')},
     named as (
       select tree.key, c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname) as relation
       from tree join pg_catalog.pg_class c using (oid) join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     ), item (oid, kind, name, says, "is", seen) as (
       select c.oid, 'table', '',
         ${md5('c.relkind', 'c.relpersistence', 'c.relispartition', 'c.relpartbound::text', 'c.reloftype', 'c.relrowsecurity', 'c.relforcerowsecurity')},
         pg_catalog.concat(c.oid, ' ', c.relfilenode, ' ', c.reltoastrelid, ' ',
           (select relfilenode from pg_catalog.pg_class t where t.oid = c.reltoastrelid)), c.xmin::text
       from pg_catalog.pg_class c where c.oid in (select oid from tree)
       union all
       select a.attrelid, 'column', a.attname::text,
         ${md5('a.attnum', 'a.atttypid', 'a.atttypmod', 'a.attnotnull', 'a.attidentity', 'a.attgenerated', 'a.attcollation', 'a.attisdropped', attributesOfType('a.atttypid'), `${labelsOfType('a.atttypid')}::text`, `(select d.adbin::text from pg_catalog.pg_attrdef d where a.attgenerated <> '' and d.adrelid = a.attrelid and d.adnum = a.attnum)`)},
         '', a.xmin::text
       from pg_catalog.pg_attribute a where a.attrelid in (select oid from tree) and a.attnum > 0
       union all
       select k.conrelid, 'constraint', k.conname::text,
         ${md5('k.contype', 'k.convalidated', 'k.condeferrable', 'k.condeferred', `pg_catalog.to_jsonb(k) ->> 'conenforced'`, 'pg_catalog.pg_get_constraintdef(k.oid)')},
         pg_catalog.concat(k.oid, ' ', k.xmin), ''
       from pg_catalog.pg_constraint k where k.conrelid in (select oid from tree)
       union all
       select i.indrelid, case when i.indisunique or i.indisexclusion then 'unique index' else 'index' end, c.relname::text,
         ${md5('i.indisvalid', 'i.indisready', 'i.indislive', 'i.indimmediate', 'i.indisprimary', 'pg_catalog.pg_get_indexdef(i.indexrelid)')},
         pg_catalog.concat(i.indexrelid, ' ', i.xmin), c.relfilenode::text
       from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid where i.indrelid in (select oid from tree)
       union all
       select t.tgrelid, 'trigger', t.tgname::text,
         pg_catalog.concat(t.tgenabled, ' ', ${md5('t.tgtype', 't.tgconstraint', 't.tgdeferrable', 't.tginitdeferred', 'pg_catalog.pg_get_triggerdef(t.oid)', 'p.prosrc', 'p.proconfig::text')}),
         pg_catalog.concat(t.oid, ' ', t.xmin, ' ', case when own then pg_catalog.concat(p.oid, ' ', p.xmin) end), ''
       from pg_catalog.pg_trigger t join pg_catalog.pg_proc p on p.oid = t.tgfoid
       join pg_catalog.pg_namespace pn on pn.oid = p.pronamespace
       cross join lateral (select pn.nspname = 'rowproof' and p.proname = $2 as own) gate
       where t.tgrelid in (select oid from tree) and (own or pn.nspname <> 'rowproof')
       union all
       select r.ev_class, 'rule', r.rulename::text, pg_catalog.concat(r.ev_enabled, ' ', ${md5('pg_catalog.pg_get_ruledef(r.oid)')}),
         pg_catalog.concat(r.oid, ' ', r.xmin), ''
       from pg_catalog.pg_rewrite r where r.ev_class in (select oid from tree)
       union all
       select h.inhrelid, 'inheritance', h.inhparent::regclass::text, h.inhseqno::text, pg_catalog.concat(h.inhparent, ' ', h.xmin), ''
       from pg_catalog.pg_inherits h where h.inhrelid in (select oid from tree)
       union all
       select y.polrelid, 'policy', y.polname::text, ${md5('y.polcmd', 'y.polpermissive', 'y.polroles::text', 'y.polqual::text', 'y.polwithcheck::text')},
         pg_catalog.concat(y.oid, ' ', y.xmin), ''
       from pg_catalog.pg_policy y where y.polrelid in (select oid from tree)
     )
     select named.key, item.kind, named.relation, item.name, item.says, item."is", item.seen
     from named join item using (oid) order by 1, 3, 2, 4`,
    [JSON.stringify(tables), gate],
  );
  const found = new Map<string, IdentityItem[]>(tables.map(({ key }) => [key, []]));
  for (const { key, ...item } of rows) found.get(key)?.push(item as unknown as IdentityItem);
  return found;
}
