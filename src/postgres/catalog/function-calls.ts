import type { FunctionCall } from '../../contract/catalog';
import { isOpaque, mentions, userRoutines } from '../mentions-sql';
import type { Session } from '../session';
import { flag } from '../row';

/**
 * CHECKs of tables and domains and generated columns that call a function of users which is not IMMUTABLE, or whose body (or that of a
 * function it calls) names a table: what they say of a row may depend on other rows.
 */
export async function readFunctionCalls(session: Session): Promise<FunctionCall[]> {
  const { rows } = await session.query<Record<'kind' | 'schema' | 'relation' | 'name' | 'function' | 'reads', string>>(
    `with recursive routine as (${userRoutines}
     ), caller as (
       select case when k.contypid <> 0 then 'domain' else 'check' end as kind, coalesce(c.relnamespace, t.typnamespace) as namespace,
         coalesce(c.relname, t.typname) as relation, k.conname as name, coalesce(o.oprcode, d.refobjid) as routine
       from pg_catalog.pg_constraint k
       join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_constraint'::regclass and d.objid = k.oid
         and d.refclassid in ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)
       left join pg_catalog.pg_operator o on o.oid = d.refobjid and d.refclassid = 'pg_catalog.pg_operator'::regclass
       left join pg_catalog.pg_class c on c.oid = k.conrelid left join pg_catalog.pg_type t on t.oid = k.contypid
       where k.contype = 'c'
       union
       select 'generated', c.relnamespace, c.relname, a.attname, coalesce(o.oprcode, d.refobjid)
       from pg_catalog.pg_attrdef f join pg_catalog.pg_attribute a on a.attrelid = f.adrelid and a.attnum = f.adnum and a.attgenerated <> ''
       join pg_catalog.pg_class c on c.oid = f.adrelid
       join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_attrdef'::regclass and d.objid = f.oid
         and d.refclassid in ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)
       left join pg_catalog.pg_operator o on o.oid = d.refobjid and d.refclassid = 'pg_catalog.pg_operator'::regclass
     ), call as (
       select caller.kind, caller.namespace, caller.relation, caller.name, routine as first, routine from caller join routine r on r.oid = caller.routine
       union
       select call.kind, call.namespace, call.relation, call.name, call.first, g.oid
       from call join routine r on r.oid = call.routine join routine g on g.oid <> r.oid and (${mentions('r.prosrc', 'g.proname', '\\s*\\(')}
         or exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = r.oid
           and d.refclassid = 'pg_catalog.pg_proc'::regclass and d.refobjid = g.oid))
     ), seen as (
       select call.kind, call.namespace, call.relation, call.name, min(call.first::oid::bigint) as first, bool_or(r.provolatile <> 'i') as mutable,
         bool_or(${isOpaque('r')}
           or exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = r.oid
             and d.refclassid = 'pg_catalog.pg_class'::regclass)
           or exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace cn on cn.oid = c.relnamespace
             where c.relkind in ('r', 'p', 'v', 'm', 'f') and cn.nspname !~ '^pg_' and cn.nspname not in ('information_schema', 'rowproof')
               and ${mentions('r.prosrc', 'c.relname')})) as reads
       from call join routine r on r.oid = call.routine group by 1, 2, 3, 4
     )
     select seen.kind, n.nspname as schema, seen.relation, seen.name, f.nspname || '.' || f.proname as function, seen.reads::text as reads
     from seen join pg_catalog.pg_namespace n on n.oid = seen.namespace join routine f on f.oid = seen.first
     where seen.mutable or seen.reads
     order by 1, 2, 3, 4`,
  );
  return rows.map((row) => ({
    kind: row.kind as FunctionCall['kind'],
    schema: row.schema,
    relation: row.relation,
    name: row.name,
    function: row.function,
    reads: flag(row, 'reads'),
  }));
}
