import type { Session } from '../../session';

/** One object of a fingerprint: its name, and a text that changes exactly when the object does. */
export interface DescribedObject {
  readonly object: string;
  readonly text: string;
}

type Describe = (session: Session, schemas: readonly string[]) => Promise<DescribedObject[]>;

async function describe(session: Session, sql: string, schemas: readonly string[]): Promise<DescribedObject[]> {
  const { rows } = await session.query<{ object: string; text: string }>(sql, [JSON.stringify(schemas)]);
  return rows;
}

const inSchemas = (namespace: string): string =>
  `${namespace}.nspname in (select jsonb_array_elements_text($1::jsonb))`;
/** Grants in an order that does not depend on when they were given; none given is what the owner has by default. */
const acl = (column: string, kind: string, owner: string): string =>
  `(select jsonb_agg(x::text order by x::text) from unnest(coalesce(${column}, pg_catalog.acldefault(${kind}, ${owner}))) x)`;
const relationName = `format('%I.%I', n.nspname, c.relname)`;

export const describeSchemas: Describe = (session, schemas) =>
  describe(
    session,
    `select format('schema %I', n.nspname) as object,
       jsonb_build_array(pg_catalog.pg_get_userbyid(n.nspowner), ${acl('n.nspacl', `'n'`, 'n.nspowner')}, pg_catalog.obj_description(n.oid, 'pg_namespace'))::text as text
     from pg_catalog.pg_namespace n where ${inSchemas('n')}`,
    schemas,
  );

/**
 * Tables, views, materialized views, foreign tables and sequences, without their columns and rows. Apart what a run may change:
 * the replica identity, and whether a view is populated.
 */
export const describeRelations: Describe = (session, schemas) =>
  describe(
    session,
    `select format('%s %s', case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' when 'c' then 'type'
         when 'f' then 'foreign table' else 'table' end, ${relationName}) as object,
       jsonb_build_array(c.relkind, pg_catalog.pg_get_userbyid(c.relowner), ${acl('c.relacl', `case c.relkind when 'S' then 's'::"char" else 'r' end`, 'c.relowner')}, pg_catalog.obj_description(c.oid, 'pg_class'),
         c.relpersistence, c.reloptions, c.relrowsecurity, c.relforcerowsecurity,
         (select spcname from pg_catalog.pg_tablespace s where s.oid = c.reltablespace),
         (select amname from pg_catalog.pg_am am where am.oid = c.relam),
         pg_catalog.pg_get_expr(c.relpartbound, c.oid),
         case when c.relkind = 'p' then pg_catalog.pg_get_partkeydef(c.oid) end,
         case when c.relkind in ('v', 'm') then pg_catalog.pg_get_viewdef(c.oid) end,
         case when c.reloftype <> 0 then pg_catalog.format_type(c.reloftype, null) end,
         (select jsonb_agg(jsonb_build_array(pn.nspname, pc.relname) order by h.inhseqno) from pg_catalog.pg_inherits h
            join pg_catalog.pg_class pc on pc.oid = h.inhparent join pg_catalog.pg_namespace pn on pn.oid = pc.relnamespace where h.inhrelid = c.oid),
         (select jsonb_build_array(s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle, pg_catalog.format_type(s.seqtypid, null))
            from pg_catalog.pg_sequence s where s.seqrelid = c.oid),
         (select jsonb_agg(format('%I.%I.%I', dn.nspname, dc.relname, da.attname) order by dn.nspname, dc.relname, da.attname)
            from pg_catalog.pg_depend d join pg_catalog.pg_class dc on dc.oid = d.refobjid join pg_catalog.pg_namespace dn on dn.oid = dc.relnamespace
            join pg_catalog.pg_attribute da on da.attrelid = d.refobjid and da.attnum = d.refobjsubid
            where c.relkind = 'S' and d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_catalog.pg_class'::regclass
              and d.deptype in ('a', 'i')))::text as text
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where ${inSchemas('n')} and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c')
     union all
     select format('replica identity of table %s', ${relationName}), pg_catalog.concat(c.relreplident, ' ',
       (select i.indexrelid::regclass from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisreplident))
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where ${inSchemas('n')} and c.relkind in ('r', 'p')
     union all
     select format('content of materialized view %s', ${relationName}), c.relispopulated::text
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where ${inSchemas('n')} and c.relkind = 'm'`,
    schemas,
  );

export const describeColumns: Describe = (session, schemas) =>
  describe(
    session,
    `select format('column %s.%I', ${relationName}, a.attname) as object,
       jsonb_build_array(row_number() over (partition by a.attrelid order by a.attnum), pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
         a.attidentity, a.attgenerated, pg_catalog.pg_get_expr(def.adbin, def.adrelid), a.attstorage, a.attislocal, a.attinhcount, a.attoptions, a.attfdwoptions,
         ${acl('a.attacl', `'c'`, 'c.relowner')}, pg_catalog.col_description(a.attrelid, a.attnum), nullif(to_jsonb(a) ->> 'attstattarget', '-1'),
         to_jsonb(a) ->> 'attcompression',
         (select format('%I.%I', cn.nspname, co.collname) from pg_catalog.pg_collation co join pg_catalog.pg_namespace cn on cn.oid = co.collnamespace
            where co.oid = a.attcollation))::text as text
     from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     left join pg_catalog.pg_attrdef def on def.adrelid = a.attrelid and def.adnum = a.attnum
     where ${inSchemas('n')} and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c') and a.attnum > 0 and not a.attisdropped`,
    schemas,
  );

/** Constraints of tables and domains, their comments apart; what PostgreSQL keeps for the partitions of a referenced table is its own business. */
export const describeConstraints: Describe = (session, schemas) =>
  describe(
    session,
    `select format('constraint %I of %s', con.conname, 
       case when c.oid is null then format('%I.%I', tn.nspname, t.typname) else ${relationName} end) as object,
       jsonb_agg(jsonb_build_array(con.contype, pg_catalog.pg_get_constraintdef(con.oid), con.convalidated, con.condeferrable, con.condeferred,
         con.conislocal, con.coninhcount, parent.conname,
         (select string_agg(distinct tg.tgenabled::text, '') from pg_catalog.pg_trigger tg where tg.tgconstraint = con.oid))
         order by con.contype)::text as text
     from pg_catalog.pg_constraint con
     left join pg_catalog.pg_class c on c.oid = con.conrelid and con.conrelid <> 0 left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     left join pg_catalog.pg_type t on t.oid = con.contypid and con.contypid <> 0 left join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
     left join pg_catalog.pg_constraint parent on parent.oid = con.conparentid
     where (${inSchemas('n')} or ${inSchemas('tn')}) and (parent.oid is null or parent.conrelid <> con.conrelid)
     group by 1
     union all
     select format('comment on constraint %I of %s', con.conname, ${relationName}), d.description
     from pg_catalog.pg_constraint con join pg_catalog.pg_class c on c.oid = con.conrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     join pg_catalog.pg_description d on d.classoid = 'pg_catalog.pg_constraint'::regclass and d.objoid = con.oid
     where ${inSchemas('n')}`,
    schemas,
  );

export const describeIndexes: Describe = (session, schemas) =>
  describe(
    session,
    `select format('index %I.%I', n.nspname, ic.relname) as object,
       jsonb_build_array(pg_catalog.pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisready, i.indislive, i.indisunique, i.indisprimary, i.indisexclusion,
         i.indimmediate, i.indisclustered, ic.reloptions,
         pg_catalog.pg_get_userbyid(ic.relowner), (select spcname from pg_catalog.pg_tablespace s where s.oid = ic.reltablespace),
         (select jsonb_agg(jsonb_build_array(pn.nspname, pc.relname)) from pg_catalog.pg_inherits h join pg_catalog.pg_class pc on pc.oid = h.inhparent
            join pg_catalog.pg_namespace pn on pn.oid = pc.relnamespace where h.inhrelid = i.indexrelid),
         (select jsonb_agg(jsonb_build_array(a.attnum, to_jsonb(a) ->> 'attstattarget') order by a.attnum) from pg_catalog.pg_attribute a
            where a.attrelid = i.indexrelid and coalesce((to_jsonb(a) ->> 'attstattarget')::int, -1) >= 0))::text as text
     from pg_catalog.pg_index i join pg_catalog.pg_class ic on ic.oid = i.indexrelid join pg_catalog.pg_class c on c.oid = i.indrelid
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace where ${inSchemas('n')}
     union all
     select format('comment on index %s', ${relationName}), d.description
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     join pg_catalog.pg_description d on d.classoid = 'pg_catalog.pg_class'::regclass and d.objoid = c.oid and d.objsubid = 0
     where c.relkind in ('i', 'I') and ${inSchemas('n')}`,
    schemas,
  );

/** User triggers, rules, row security policies and extended statistics. */
export const describeAttachments: Describe = (session, schemas) =>
  describe(
    session,
    `select format('trigger %I of %s', t.tgname, ${relationName}) as object,
       jsonb_build_array(pg_catalog.pg_get_triggerdef(t.oid), t.tgenabled)::text as text
     from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     left join pg_catalog.pg_constraint con on con.oid = t.tgconstraint
     where ${inSchemas('n')} and (t.tgconstraint = 0 or con.contype = 't')
     union all
     select format('comment on trigger %I of %s', t.tgname, ${relationName}), d.description
     from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     join pg_catalog.pg_description d on d.classoid = 'pg_catalog.pg_trigger'::regclass and d.objoid = t.oid where ${inSchemas('n')}
     union all
     select format('rule %I of %s', r.rulename, ${relationName}),
       jsonb_build_array(pg_catalog.pg_get_ruledef(r.oid), r.ev_enabled, pg_catalog.obj_description(r.oid, 'pg_rewrite'))::text
     from pg_catalog.pg_rewrite r join pg_catalog.pg_class c on c.oid = r.ev_class join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where ${inSchemas('n')} and r.rulename <> '_RETURN'
     union all
     select format('policy %I of %s', p.polname, ${relationName}),
       jsonb_build_array(p.polcmd, p.polpermissive, (select jsonb_agg(case r when 0 then 'public' else pg_catalog.pg_get_userbyid(r) end) from unnest(p.polroles) r),
         pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), pg_catalog.obj_description(p.oid, 'pg_policy'))::text
     from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where ${inSchemas('n')}
     union all
     select format('statistics %I.%I', sn.nspname, s.stxname),
       jsonb_build_array(pg_catalog.pg_get_statisticsobjdef(s.oid), to_jsonb(s) ->> 'stxstattarget', pg_catalog.pg_get_userbyid(s.stxowner),
         pg_catalog.obj_description(s.oid, 'pg_statistic_ext'))::text
     from pg_catalog.pg_statistic_ext s join pg_catalog.pg_class c on c.oid = s.stxrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     join pg_catalog.pg_namespace sn on sn.oid = s.stxnamespace
     where ${inSchemas('n')}`,
    schemas,
  );

/** Functions, procedures, aggregates, enums and domains. */
export const describeRoutinesAndTypes: Describe = (session, schemas) =>
  describe(
    session,
    `select format('function %I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) as object,
       jsonb_build_array(p.prokind, case when p.prokind <> 'a' then pg_catalog.pg_get_functiondef(p.oid) end, pg_catalog.pg_get_userbyid(p.proowner),
         ${acl('p.proacl', `'f'`, 'p.proowner')}, pg_catalog.obj_description(p.oid, 'pg_proc'))::text as text
     from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where ${inSchemas('n')}
     union all
     select format('type %I.%I', n.nspname, t.typname),
       jsonb_build_array(t.typtype, pg_catalog.pg_get_userbyid(t.typowner), ${acl('t.typacl', `'T'`, 't.typowner')}, pg_catalog.obj_description(t.oid, 'pg_type'),
         (select jsonb_agg(e.enumlabel order by e.enumsortorder) from pg_catalog.pg_enum e where e.enumtypid = t.oid),
         case when t.typtype = 'd' then jsonb_build_array(pg_catalog.format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault) end)::text
     from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
     where ${inSchemas('n')} and t.typtype in ('e', 'd', 'r')`,
    schemas,
  );
