import type { IndexDetail, IndexNode } from '../../../rollback/step-detail';
import type { QualifiedName } from '../../../contract/catalog';
import type { Session } from '../../session';
import { mappedTree, nameOf, tablesParameter, type MappedTable } from './tables';
import { flag } from '../../row';

/** An index tree of a mapped table with what decides whether it is dropped for the load. */
export interface FoundIndex extends IndexDetail {
  readonly exclusion: boolean;
  /** Something other than a foreign key depends on it: a view that groups by the key, a rule with ON CONFLICT. */
  readonly depended: boolean;
}

const node = `jsonb_build_object(
    'relation', ${nameOf('i.indrelid')}, 'index', ${nameOf('i.indexrelid')},
    'parent', (select ${nameOf('h.inhparent')} from pg_catalog.pg_inherits h where h.inhrelid = i.indexrelid),
    'depth', node.depth, 'partitioned', ic.relkind = 'I', 'definition', pg_catalog.pg_get_indexdef(i.indexrelid),
    'tablespace', (select spcname from pg_catalog.pg_tablespace s where s.oid = ic.reltablespace),
    'options', coalesce(to_jsonb(ic.reloptions), '[]'), 'comment', pg_catalog.obj_description(i.indexrelid, 'pg_class'),
    'constraint', (select jsonb_build_object('name', con.conname, 'definition', pg_catalog.pg_get_constraintdef(con.oid),
        'deferrable', con.condeferrable, 'deferred', con.condeferred, 'comment', pg_catalog.obj_description(con.oid, 'pg_constraint'))
      from pg_catalog.pg_constraint con where con.conindid = i.indexrelid and con.conrelid = i.indrelid and con.contype in ('p', 'u', 'x')),
    'clustered', i.indisclustered, 'valid', i.indisvalid,
    'replicaIdentity', case when i.indisreplident then 'i' when i.indisprimary and c.relreplident = 'd' then 'd' end,
    'statistics', coalesce((select jsonb_agg(jsonb_build_object('column', s.attnum, 'target', s.target) order by s.attnum)
      from (select a.attnum, (to_jsonb(a) ->> 'attstattarget')::int as target from pg_catalog.pg_attribute a
            where a.attrelid = i.indexrelid) s where s.target >= 0), '[]'))`;

/** Index trees of the mapped tables: each top index (attached to no other) with the indexes of partitions below it. */
export async function readIndexes(session: Session, tables: readonly MappedTable[]): Promise<FoundIndex[]> {
  const { rows } = await session.query<{ doc: string }>(
    `${mappedTree}, node as (
       select i.indexrelid as top, i.indexrelid as oid, t.mapping, 0 as depth
       from tree t join pg_catalog.pg_index i on i.indrelid = t.oid
       where not exists (select from pg_catalog.pg_inherits h where h.inhrelid = i.indexrelid)
       union all
       select node.top, h.inhrelid, node.mapping, node.depth + 1 from node join pg_catalog.pg_inherits h on h.inhparent = node.oid
     ), described as (
       select node.top, node.mapping, node.depth, i.indexrelid, ${node} as doc,
         exists (select from pg_catalog.pg_depend d where d.deptype in ('n', 'a')
           and ((d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = i.indexrelid)
             or (d.refclassid = 'pg_catalog.pg_constraint'::regclass
               and d.refobjid in (select con.oid from pg_catalog.pg_constraint con where con.conindid = i.indexrelid and con.conrelid = i.indrelid and con.contype in ('p', 'u', 'x'))))
           and not (d.classid = 'pg_catalog.pg_constraint'::regclass
             and exists (select from pg_catalog.pg_constraint f where f.oid = d.objid and f.contype = 'f'))) as depended,
         exists (select from pg_catalog.pg_publication_tables p where p.schemaname = n.nspname and p.tablename = c.relname) as published
       from node join pg_catalog.pg_index i on i.indexrelid = node.oid join pg_catalog.pg_class ic on ic.oid = i.indexrelid
       join pg_catalog.pg_class c on c.oid = i.indrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     )
     select jsonb_build_object('mapping', top.mapping, 'unique', i.indisunique, 'primary', i.indisprimary, 'exclusion', i.indisexclusion,
       'depended', (select bool_or(m.depended) from described m where m.top = top.top),
       'published', (select bool_or(m.published) from described m where m.top = top.top),
       'keyExpressions', (select jsonb_agg(pg_catalog.pg_get_indexdef(i.indexrelid, k, false)
            || coalesce((select format(' COLLATE %I.%I', cn.nspname, co.collname) from pg_catalog.pg_collation co
                 join pg_catalog.pg_namespace cn on cn.oid = co.collnamespace where co.oid = i.indcollation[k - 1]), '') order by k)
          from generate_series(1, i.indnkeyatts) as k),
       'columns', (select jsonb_agg(a.attname order by k.ord) from unnest(i.indkey::int2[]) with ordinality as k (attnum, ord)
          left join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum and k.attnum <> 0
          where k.ord <= i.indnkeyatts),
       'predicate', pg_catalog.pg_get_expr(i.indpred, i.indrelid),
       'nullsNotDistinct', coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false),
       'root', top.doc,
       'partitions', coalesce((select jsonb_agg(m.doc) from described m where m.top = top.top and m.depth > 0), '[]'))::text as doc
     from described top join pg_catalog.pg_index i on i.indexrelid = top.indexrelid
     where top.depth = 0
     order by top.mapping, i.indisprimary desc, i.indisunique desc, (top.doc -> 'index')::text`,
    [tablesParameter(tables)],
  );
  return rows.map((row) => JSON.parse(row.doc) as FoundIndex);
}

/** 'absent', or whether PostgreSQL uses it. */
export async function indexState(
  session: Session,
  node: Pick<IndexNode, 'index'>,
): Promise<'absent' | 'invalid' | 'valid'> {
  const { rows } = await session.query<{ valid: string }>(
    `select (i.indisvalid and i.indisready)::text as valid from pg_catalog.pg_index i
     join pg_catalog.pg_class c on c.oid = i.indexrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relname = $2`,
    [node.index.schema, node.index.name],
  );
  if (rows[0] === undefined) return 'absent';
  return flag(rows[0], 'valid') ? 'valid' : 'invalid';
}

/** Whether the table is there. */
export async function tableExists(session: Session, table: QualifiedName): Promise<boolean> {
  const { rows } = await session.query(
    `select 1 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p')`,
    [table.schema, table.name],
  );
  return rows.length > 0;
}
