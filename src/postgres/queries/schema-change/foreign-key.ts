import type { ForeignKeyDetail } from '../../../rollback/step-detail';
import type { QualifiedName } from '../../../contract/catalog';
import type { Session } from '../../session';
import { mappedTree, nameOf, tablesParameter, type MappedTable } from './tables';
import { flag } from '../../row';

const columnNames = (relation: string, keys: string): string =>
  `(select jsonb_agg(a.attname order by k.ord) from unnest(${keys}) with ordinality as k (attnum, ord)
    join pg_catalog.pg_attribute a on a.attrelid = ${relation} and a.attnum = k.attnum)`;

/** Foreign keys on the mapped tables, between them, and from any other table to one of them; partitions' own ones too. */
export async function readForeignKeys(session: Session, tables: readonly MappedTable[]): Promise<ForeignKeyDetail[]> {
  const { rows } = await session.query<{ doc: string }>(
    `${mappedTree}, node as (
       select con.oid as top, con.oid, con.conrelid, 0 as depth
       from pg_catalog.pg_constraint con
       where con.contype = 'f' and con.conparentid = 0
         and (con.conrelid in (select oid from tree) or con.confrelid in (select oid from tree))
       union all
       select node.top, con.oid, con.conrelid, node.depth + 1
       from node join pg_catalog.pg_constraint con on con.conparentid = node.oid and con.conrelid <> node.conrelid
     )
     select jsonb_build_object(
       'relation', ${nameOf('con.conrelid')}, 'name', con.conname, 'definition', pg_catalog.pg_get_constraintdef(con.oid),
       'comment', pg_catalog.obj_description(con.oid, 'pg_constraint'), 'partitioned', c.relkind = 'p', 'depth', 0,
       'mapping', (select min(mapping) from tree where oid = con.conrelid),
       'validated', con.convalidated, 'enforced', coalesce((to_jsonb(con) ->> 'conenforced')::boolean, true),
       'columns', ${columnNames('con.conrelid', 'con.conkey')},
       'columnTypes', (select jsonb_agg(pg_catalog.format_type(a.atttypid, null) order by k.ord)
          from unnest(con.conkey) with ordinality as k (attnum, ord)
          join pg_catalog.pg_attribute a on a.attrelid = con.conrelid and a.attnum = k.attnum),
       'parentTypes', (select jsonb_agg(pg_catalog.format_type(a.atttypid, -1) || coalesce((select format(' COLLATE %I.%I', cn.nspname, co.collname)
            from pg_catalog.pg_collation co join pg_catalog.pg_namespace cn on cn.oid = co.collnamespace where co.oid = a.attcollation), '') order by k.ord)
          from unnest(con.confkey) with ordinality as k (attnum, ord)
          join pg_catalog.pg_attribute a on a.attrelid = con.confrelid and a.attnum = k.attnum),
       'parent', ${nameOf('con.confrelid')},
       'parentPartitioned', (select relkind = 'p' from pg_catalog.pg_class where oid = con.confrelid),
       'parentMapping', (select min(mapping) from tree where oid = con.confrelid),
       'parentColumns', ${columnNames('con.confrelid', 'con.confkey')},
       'operators', (select jsonb_agg(format('OPERATOR(%I.%s)', n.nspname, o.oprname) order by k.ord)
          from unnest(con.conpfeqop) with ordinality as k (oper, ord)
          join pg_catalog.pg_operator o on o.oid = k.oper join pg_catalog.pg_namespace n on n.oid = o.oprnamespace),
       'matchFull', con.confmatchtype = 'f',
       'partitions', coalesce((select jsonb_agg(jsonb_build_object(
          'relation', ${nameOf('pc.conrelid')}, 'name', pc.conname, 'definition', pg_catalog.pg_get_constraintdef(pc.oid),
          'comment', pg_catalog.obj_description(pc.oid, 'pg_constraint'),
          'partitioned', (select relkind = 'p' from pg_catalog.pg_class where oid = pc.conrelid), 'depth', node.depth))
          from node join pg_catalog.pg_constraint pc on pc.oid = node.oid where node.top = con.oid and node.depth > 0), '[]')
     )::text as doc
     from node join pg_catalog.pg_constraint con on con.oid = node.oid join pg_catalog.pg_class c on c.oid = con.conrelid
     where node.depth = 0
     order by ${nameOf('con.conrelid')}::text, con.conname`,
    [tablesParameter(tables)],
  );
  return rows.map((row) => JSON.parse(row.doc) as ForeignKeyDetail);
}

/** Whether a constraint of that name is on the relation, and valid. */
export async function constraintState(
  session: Session,
  relation: QualifiedName,
  name: string,
): Promise<'absent' | 'invalid' | 'valid'> {
  const { rows } = await session.query<{ valid: string }>(
    `select con.convalidated::text as valid from pg_catalog.pg_constraint con
     join pg_catalog.pg_class c on c.oid = con.conrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relname = $2 and con.conname = $3`,
    [relation.schema, relation.name, name],
  );
  if (rows[0] === undefined) return 'absent';
  return flag(rows[0], 'valid') ? 'valid' : 'invalid';
}

/** Foreign keys of or to the tables whose triggers somebody disabled, on either of their two tables: they look valid and check nothing. */
export async function disabledKeys(session: Session, tables: readonly MappedTable[]): Promise<string[]> {
  const { rows } = await session.query<{ name: string }>(
    `${mappedTree}
     select distinct pg_catalog.format('foreign key %I of %s', con.conname, con.conrelid::regclass) as name
     from pg_catalog.pg_trigger t join pg_catalog.pg_constraint con on con.oid = t.tgconstraint and con.contype = 'f'
     where (con.conrelid in (select oid from tree) or con.confrelid in (select oid from tree)) and t.tgisinternal and t.tgenabled = 'D'
     order by 1`,
    [tablesParameter(tables)],
  );
  return rows.map(({ name }) => name);
}
