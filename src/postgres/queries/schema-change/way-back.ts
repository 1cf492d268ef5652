import type { QualifiedName } from '../../../contract/catalog';
import type { WayBackTrial } from '../../../rollback/way-back';
import { qualified } from '../../../sql/quote';
import { ledgerMigrations } from '../../ledger/migrations/migrations';
import type { Session } from '../../session';
import { describeDatabaseError, isLockRefused, isStatementError } from '../../sqlstate';
import { mappedTree, nameOf, tablesParameter, type MappedTable } from './tables';
import { flag } from '../../row';

/** What the target refused. */
export interface Refused {
  readonly subject: string;
  readonly relation: QualifiedName | null;
  readonly sqlstate: string;
  /** The server's own words: nothing but names can be in them, since no row was touched. */
  readonly says: string;
}

const lockTimeoutMs = 2_000;

/**
 * Makes each thing on an empty table beside the real one, in one transaction that is rolled back. What a lock kept from being tried is
 * passed over. `ledger`: whether schema rowproof is made as well, where it is not there yet.
 */
export async function tryWayBack(
  session: Session,
  trials: readonly WayBackTrial[],
  options: { readonly ledger: boolean; readonly heartbeat?: () => void },
): Promise<Refused[]> {
  const refused: Refused[] = [];
  await session.query('begin');
  try {
    await session.query(`set local lock_timeout = ${lockTimeoutMs}`);
    const attempt = async (
      subject: string,
      relation: QualifiedName | null,
      work: () => Promise<void>,
    ): Promise<void> => {
      options.heartbeat?.();
      await session.query('savepoint way_back');
      try {
        await work();
      } catch (error) {
        const { sqlstate } = describeDatabaseError(error);
        if (sqlstate === null || !(error instanceof Error)) throw error;
        if (!isLockRefused(error)) refused.push({ subject, relation, sqlstate, says: error.message });
      } finally {
        if (!session.closed) await session.query('rollback to savepoint way_back');
      }
    };
    if (options.ledger) await attempt('Schema rowproof', null, () => createLedger(session));
    for (const trial of trials) {
      await attempt(trial.subject, trial.relation, () => tryOne(session, trial));
    }
  } finally {
    if (!session.closed) await session.query('rollback');
  }
  return refused;
}

async function createLedger(session: Session): Promise<void> {
  const { rowCount } = await session.query(`select from pg_catalog.pg_namespace where nspname = 'rowproof'`);
  if (rowCount > 0) return;
  await session.query('create schema rowproof');
  for (const migration of ledgerMigrations) await session.query(migration);
}

/** Makes it on an empty table beside its own; on one with a row too, where the row does not stand in the way. */
async function tryOne(session: Session, trial: WayBackTrial): Promise<void> {
  const table = await emptyLike(session, trial);
  if (trial.sameSchema && (await fillOnce(session, table, trial.relation))) {
    try {
      await run(session, trial.statements(table));
      return;
    } catch (error) {
      const { sqlstate } = describeDatabaseError(error);
      // a made-up value that an expression of the index does not take says nothing about the rows to come
      if (sqlstate === null || isStatementError(sqlstate)) throw error;
    }
    await session.query('rollback to savepoint way_back');
    await emptyLike(session, trial);
  }
  await run(session, trial.statements(table));
}

async function run(session: Session, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await session.query(statement);
}

async function emptyLike(session: Session, { relation, sameSchema }: WayBackTrial): Promise<QualifiedName> {
  const own = sameSchema || (await mayCreateIn(session, relation.schema));
  const schema = own ? relation.schema : await scratchSchema(session);
  const table = { schema, name: `rowproof_way_back_${session.pid}` };
  await session.query(`create table ${qualified(table)} (like ${qualified(relation)})`);
  return table;
}

/** A row of made-up values, so that functions in expressions are called as they will be; false where the table takes none. */
async function fillOnce(session: Session, table: QualifiedName, like: QualifiedName): Promise<boolean> {
  const { rows } = await session.query<{ columns: string | null; literals: string | null }>(
    `select string_agg(pg_catalog.quote_ident(a.attname), ', ' order by a.attnum) as columns, string_agg(case
        when t.typelem <> 0 and t.typlen = -1 then '''{}'''
        when t.typtype = 'e' then (select pg_catalog.quote_literal(min(e.enumlabel)) from pg_catalog.pg_enum e where e.enumtypid = t.oid)
        when t.typcategory = 'S' then '''a'''
        when t.typcategory = 'N' then '''1'''
        when t.typcategory = 'B' then '''true'''
        when t.typname in ('time', 'timetz') then '''12:00'''
        when t.typcategory = 'D' then '''2000-01-01'''
        when t.typcategory = 'T' then '''1 day'''
        when t.typname in ('json', 'jsonb') then '''{}'''
        when t.typname = 'uuid' then '''00000000-0000-0000-0000-000000000000'''
        when t.typname = 'bytea' then '''a''' else 'null' end, ', ' order by a.attnum) as literals
     from pg_catalog.pg_attribute a join pg_catalog.pg_type d on d.oid = a.atttypid
     join pg_catalog.pg_type t on t.oid = case when d.typtype = 'd' then d.typbasetype else d.oid end
     join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relname = $2 and a.attnum > 0 and not a.attisdropped`,
    [like.schema, like.name],
  );
  const [row] = rows;
  if (row?.columns == null) return false;
  await session.query('savepoint way_back_row');
  try {
    await session.query(`insert into ${qualified(table)} (${row.columns}) values (${row.literals})`);
    return true;
  } catch (error) {
    if (describeDatabaseError(error).sqlstate === null) throw error;
    await session.query('rollback to savepoint way_back_row');
    return false;
  }
}

async function mayCreateIn(session: Session, schema: string): Promise<boolean> {
  const { rows } = await session.query<{ may: string }>(
    `select pg_catalog.has_schema_privilege($1, 'CREATE')::text as may`,
    [schema],
  );
  return flag(rows[0], 'may');
}

/** A foreign key needs no right on the schema of its table: tried in one of our own. */
async function scratchSchema(session: Session): Promise<string> {
  const name = `rowproof_way_back_${session.pid}`;
  await session.query(`create schema ${name}`);
  return name;
}

/** Rights that making these indexes again needs and this role lacks, as the statements that give them. */
export async function missingGrants(
  session: Session,
  indexes: readonly { readonly relation: QualifiedName; readonly index: QualifiedName }[],
): Promise<string[]> {
  const { rows } = await session.query<{ grant: string }>(
    `with wanted as (
       select c.oid, n.oid as nsp, n.nspname, c.relowner, x.oid as index, x.reltablespace
       from jsonb_to_recordset($1::jsonb) as m (schema text, name text, index text)
       join pg_catalog.pg_namespace n on n.nspname = m.schema join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = m.name
       join pg_catalog.pg_class x on x.relnamespace = n.oid and x.relname = m.index
     ), used as (
       select distinct d.refclassid, d.refobjid, w.relowner from wanted w
       join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_class'::regclass and d.objid = w.index
     ), spaces as (
       select distinct w.reltablespace as oid from wanted w where w.reltablespace <> 0
     ), types as (
       select distinct a.atttypid as oid from wanted w join pg_catalog.pg_attribute a on a.attrelid = w.oid and a.attnum > 0 and not a.attisdropped
     ), schemas as (
       select p.pronamespace as oid from used u join pg_catalog.pg_proc p on u.refclassid = 'pg_catalog.pg_proc'::regclass and p.oid = u.refobjid
       union select o.opcnamespace from used u join pg_catalog.pg_opclass o on u.refclassid = 'pg_catalog.pg_opclass'::regclass and o.oid = u.refobjid
       union select o.oprnamespace from used u join pg_catalog.pg_operator o on u.refclassid = 'pg_catalog.pg_operator'::regclass and o.oid = u.refobjid
       union select c.collnamespace from used u join pg_catalog.pg_collation c on u.refclassid = 'pg_catalog.pg_collation'::regclass and c.oid = u.refobjid
       union select t.typnamespace from types join pg_catalog.pg_type t using (oid)
       union select t.typnamespace from used u join pg_catalog.pg_type t on u.refclassid = 'pg_catalog.pg_type'::regclass and t.oid = u.refobjid
     )
     select distinct format('GRANT CREATE ON SCHEMA %I TO %I', nspname, current_user) as "grant" from wanted
       where not pg_catalog.has_schema_privilege(nsp, 'CREATE')
     union select format('GRANT CREATE ON TABLESPACE %I TO %I', s.spcname, current_user) from spaces join pg_catalog.pg_tablespace s using (oid)
       where not pg_catalog.has_tablespace_privilege(s.oid, 'CREATE')
     union select format('GRANT USAGE ON TYPE %s TO %I', pg_catalog.format_type(oid, null), current_user) from types
       where not pg_catalog.has_type_privilege(oid, 'USAGE')
     union select format('GRANT USAGE ON SCHEMA %I TO %I', n.nspname, current_user) from schemas join pg_catalog.pg_namespace n using (oid)
       where not pg_catalog.has_schema_privilege(n.oid, 'USAGE')
     union select format('GRANT EXECUTE ON FUNCTION %s TO %I', p.oid::regprocedure, pg_catalog.pg_get_userbyid(u.relowner))
       from used u join pg_catalog.pg_proc p on u.refclassid = 'pg_catalog.pg_proc'::regclass and p.oid = u.refobjid
       where not pg_catalog.has_function_privilege(u.relowner, p.oid, 'EXECUTE')
     order by 1`,
    [JSON.stringify(indexes.map(({ relation, index }) => ({ ...relation, index: index.name })))],
  );
  return rows.map((row) => row.grant);
}

/** Rights on referenced tables, and of owners of referencing ones, that making these foreign keys again needs and this role lacks. */
export async function missingReferences(
  session: Session,
  keys: readonly {
    readonly relation: QualifiedName;
    readonly parent: QualifiedName;
    readonly parentColumns: readonly string[];
  }[],
): Promise<string[]> {
  const { rows } = await session.query<{ grant: string }>(
    `select distinct x.sql as "grant" from jsonb_to_recordset($1::jsonb) as k (schema text, name text, columns jsonb, child jsonb)
     join pg_catalog.pg_namespace n on n.nspname = k.schema join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = k.name
     cross join lateral (
       select format('GRANT REFERENCES ON %I.%I TO %I', n.nspname, c.relname, current_user) as sql
       where not pg_catalog.has_table_privilege(c.oid, 'REFERENCES') and exists (select from jsonb_array_elements_text(k.columns) col
         where not pg_catalog.has_column_privilege(c.oid, col, 'REFERENCES'))
       union all select format('GRANT USAGE ON SCHEMA %I TO %I', n.nspname, current_user) where not pg_catalog.has_schema_privilege(n.oid, 'USAGE')
       union all select format('GRANT %I TO %I', pg_catalog.pg_get_userbyid(child.relowner), current_user)
         from pg_catalog.pg_class child join pg_catalog.pg_namespace cn on cn.oid = child.relnamespace
         where cn.nspname = k.child ->> 'schema' and child.relname = k.child ->> 'name' and not pg_catalog.pg_has_role(child.relowner, 'USAGE')
     ) x order by 1`,
    [
      JSON.stringify(
        keys.map(({ relation, parent, parentColumns }) => ({ ...parent, columns: parentColumns, child: relation })),
      ),
    ],
  );
  return rows.map((row) => row.grant);
}

/** Event triggers of the database that are enabled for sessions such as these; none of extensions. */
export async function enabledEventTriggers(session: Session): Promise<string[]> {
  const { rows } = await session.query<{ name: string }>(
    `select evtname::text as name from pg_catalog.pg_event_trigger where evtenabled in ('O', 'A') order by 1`,
  );
  return rows.map((row) => row.name);
}

/** Foreign keys of and to the mapped tables some of whose triggers are not enabled as PostgreSQL makes them. */
export async function changedForeignKeys(
  session: Session,
  tables: readonly MappedTable[],
): Promise<{ relation: QualifiedName; name: string }[]> {
  const { rows } = await session.query<{ doc: string }>(
    `${mappedTree}
     select distinct jsonb_build_object('relation', ${nameOf('con.conrelid')}, 'name', con.conname)::text as doc
     from pg_catalog.pg_constraint con join pg_catalog.pg_trigger t on t.tgconstraint = con.oid
     where con.contype = 'f' and t.tgenabled <> 'O' and (con.conrelid in (select oid from tree) or con.confrelid in (select oid from tree))
     order by 1`,
    [tablesParameter(tables)],
  );
  return rows.map((row) => JSON.parse(row.doc) as { relation: QualifiedName; name: string });
}

/** Mapped tables and partitions of which a publication refuses updates or deletes. */
export async function publishedWithoutIdentity(
  session: Session,
  tables: readonly MappedTable[],
): Promise<QualifiedName[]> {
  const { rows } = await session.query<{ doc: string }>(
    `${mappedTree}, up as (
       select oid as leaf, oid from tree union select up.leaf, i.inhparent from up join pg_catalog.pg_inherits i on i.inhrelid = up.oid
     )
     select distinct ${nameOf('c.oid')}::text as doc from tree join pg_catalog.pg_class c on c.oid = tree.oid
     where c.relkind = 'r' and c.relpersistence = 'p' and c.relreplident <> 'f'
       and not exists (select from pg_catalog.pg_index i where i.indrelid = c.oid
         and ((c.relreplident = 'd' and i.indisprimary) or (c.relreplident = 'i' and i.indisreplident)))
       and exists (select from pg_catalog.pg_publication p where (p.pubupdate or p.pubdelete) and (p.puballtables
         or exists (select from up join pg_catalog.pg_publication_tables pt on pt.pubname = p.pubname
           join pg_catalog.pg_class uc on uc.oid = up.oid and uc.relname = pt.tablename
           join pg_catalog.pg_namespace un on un.oid = uc.relnamespace and un.nspname = pt.schemaname where up.leaf = c.oid)))
     order by 1`,
    [tablesParameter(tables)],
  );
  return rows.map((row) => JSON.parse(row.doc) as QualifiedName);
}

/** Mapped tables and partitions whose row security applies to this role: PostgreSQL refuses to read them whole. */
export async function rowSecured(session: Session, tables: readonly MappedTable[]): Promise<QualifiedName[]> {
  const { rows } = await session.query<{ doc: string }>(
    `${mappedTree} select ${nameOf('tree.oid')}::text as doc from tree where pg_catalog.row_security_active(tree.oid) order by 1`,
    [tablesParameter(tables)],
  );
  return rows.map((row) => JSON.parse(row.doc) as QualifiedName);
}
