import type { QualifiedName } from '../../../contract/catalog';
import type { Session } from '../../session';

/** A session that writes to one of the tables, or tried to. */
export interface WritingSession {
  readonly pid: string;
  readonly application: string;
  readonly user: string;
}

/**
 * Client sessions of this database, none of ours, that hold or wait for a write lock on one of the tables, or whose last statement,
 * not older than `sinceMs`, was a write that names one of them. What they sent stays on the server.
 */
export async function writingSessions(
  session: Session,
  relations: readonly QualifiedName[],
  sinceMs: number,
): Promise<WritingSession[]> {
  const { rows } = await session.query<{ pid: string; application: string; user: string }>(
    `with tables as (
       select c.oid, c.relname from jsonb_to_recordset($1::jsonb) as m (schema text, name text)
       join pg_catalog.pg_namespace n on n.nspname = m.schema
       join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = m.name
     )
     select a.pid::text as pid, coalesce(a.application_name, '') as application, coalesce(a.usename::text, '') as user
     from pg_catalog.pg_stat_activity a
     where a.datname = pg_catalog.current_database() and a.backend_type = 'client backend'
       and a.pid <> pg_catalog.pg_backend_pid() and coalesce(a.application_name, '') not like 'rowproof %'
       and (exists (select from pg_catalog.pg_locks l join tables on tables.oid = l.relation
              where l.pid = a.pid and l.locktype = 'relation' and l.mode like '%Exclusive%' and l.mode not like '%Share%')
         or exists (select from pg_catalog.pg_locks l join tables on tables.oid = l.relation
              where l.pid = a.pid and not l.granted)
         or (a.query_start > pg_catalog.clock_timestamp() - $2::bigint * interval '1 millisecond'
           and a.query ~* '(insert|update|delete|merge|truncate|copy)'
           and exists (select from tables where pg_catalog.strpos(pg_catalog.lower(a.query), pg_catalog.lower(relname)) > 0)))
     order by a.pid`,
    [JSON.stringify(relations.map(({ schema, name }) => ({ schema, name }))), Math.round(sinceMs)],
  );
  return rows;
}
