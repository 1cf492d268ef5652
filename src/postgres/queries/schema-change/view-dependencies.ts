import type { QualifiedName } from '../../../contract/catalog';
import type { MaterializedViewDetail } from '../../../rollback/step-detail';
import { isOpaque, mentions, userRoutines } from '../../mentions-sql';
import type { Session } from '../../session';
import { mappedTree, nameOf, tablesParameter, type MappedTable } from './tables';

/**
 * What a materialized view reads: relations by pg_depend, and through functions by what pg_depend knows of their bodies, else by the
 * names that stand in them. A name that stands there for something else makes a view be refreshed once too often, which harms nobody.
 * CTE `dependent(kind, oid, depth)`: what depends on a mapped table of $1; kind is `c` for a relation, `p` for a function.
 */
const dependencies = `${mappedTree}, routine as (${userRoutines}
  ), base as (
    select c.oid, c.relname from pg_catalog.pg_class c where c.oid in (select oid from tree)
    union all
    select c.oid, c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('v', 'm') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'rowproof')
  ), edge as (
    select case d.refclassid when 'pg_catalog.pg_class'::regclass then 'c' else 'p' end as base_kind,
      coalesce(o.oprcode, d.refobjid) as base, 'c' as kind, r.ev_class as oid
    from pg_catalog.pg_depend d join pg_catalog.pg_rewrite r on r.oid = d.objid
    left join pg_catalog.pg_operator o on o.oid = d.refobjid and d.refclassid = 'pg_catalog.pg_operator'::regclass
    where d.classid = 'pg_catalog.pg_rewrite'::regclass and r.ev_type = '1' and d.refobjid <> r.ev_class
      and d.refclassid in ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)
    union
    select case d.refclassid when 'pg_catalog.pg_class'::regclass then 'c' else 'p' end, d.refobjid, 'p', d.objid
    from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_proc'::regclass and d.refclassid in ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_proc'::regclass)
    union
    select 'c', base.oid, 'p', f.oid from routine f join base on ${mentions('f.prosrc', 'base.relname')}
    union
    select 'p', g.oid, 'p', f.oid from routine f join routine g on g.oid <> f.oid and ${mentions('f.prosrc', 'g.proname', '\\s*\\(')}
  ), dependent as (
    select kind, oid, 1 as depth from edge where base_kind = 'c' and base in (select oid from tree)
    union
    select edge.kind, edge.oid, dependent.depth + 1 from dependent
    join edge on edge.base_kind = dependent.kind and edge.base = dependent.oid where dependent.depth < 50
  )`;

async function anyView(session: Session): Promise<boolean> {
  return (await session.query(`select from pg_catalog.pg_class where relkind = 'm' limit 1`)).rowCount > 0;
}

/**
 * Materialized views that read a mapped table, directly, through other views or through functions; those that build on others come
 * first, so that the reverse order of steps refreshes them in the order of dependency.
 */
export async function readMaterializedViews(
  session: Session,
  tables: readonly MappedTable[],
): Promise<MaterializedViewDetail[]> {
  if (!(await anyView(session))) return [];
  const { rows } = await session.query<{ doc: string }>(
    `${dependencies}
     select jsonb_build_object('view', ${nameOf('c.oid')}, 'populated', c.relispopulated)::text as doc
     from (select oid, max(depth) as depth from dependent where kind = 'c' group by oid) v join pg_catalog.pg_class c on c.oid = v.oid
     where c.relkind = 'm'
     order by v.depth desc, ${nameOf('c.oid')}::text desc`,
    [tablesParameter(tables)],
  );
  return rows.map((row) => JSON.parse(row.doc) as MaterializedViewDetail);
}

export interface ViewLeft {
  readonly view: QualifiedName;
  readonly why: string;
}

/** Materialized views that are not known to read a mapped table, and either might, or hold nothing. */
export async function readViewsLeft(session: Session, tables: readonly MappedTable[]): Promise<ViewLeft[]> {
  if (!(await anyView(session))) return [];
  const { rows } = await session.query<{ view: string; calls: string | null }>(
    `${dependencies}, opaque as (
       select 'p' as kind, oid, oid as origin, 1 as depth from routine r where ${isOpaque('r')}
       union
       select edge.kind, edge.oid, opaque.origin, opaque.depth + 1 from opaque
       join edge on edge.base_kind = opaque.kind and edge.base = opaque.oid where opaque.depth < 50
     )
     select ${nameOf('c.oid')}::text as view,
       (select pg_catalog.format('%I.%I', n.nspname, p.proname) from pg_catalog.pg_proc p
        join pg_catalog.pg_namespace n on n.oid = p.pronamespace
        where p.oid in (select origin from opaque where kind = 'c' and opaque.oid = c.oid) order by 1 limit 1) as calls
     from pg_catalog.pg_class c
     where c.relkind = 'm' and not exists (select from dependent d where d.kind = 'c' and d.oid = c.oid)
       and (not c.relispopulated or exists (select from opaque o where o.kind = 'c' and o.oid = c.oid))
     order by ${nameOf('c.oid')}::text`,
    [tablesParameter(tables)],
  );
  return rows.map(({ view, calls }) => ({
    view: JSON.parse(view) as QualifiedName,
    why:
      calls === null
        ? 'it holds no rows, and is not known to read a mapped table'
        : `it calls ${calls}, which cannot be analyzed`,
  }));
}
