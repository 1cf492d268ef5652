import type { Session } from './session';
import { integer } from './row';

/** Takes the advisory lock of a name within a class until the transaction ends: 55P03 when another session holds it too long. */
export async function lockByName(session: Session, lockClass: number, name: string): Promise<void> {
  await session.query('select pg_catalog.pg_advisory_xact_lock($1::int4, pg_catalog.hashtext($2))', [lockClass, name]);
}

/** Other backends that hold the advisory lock of that name in this database. */
export async function holdersByName(
  session: Session,
  lockClass: number,
  name: string,
): Promise<{ pid: number; backendStart: string }[]> {
  const { rows } = await session.query<{ pid: string; started: string }>(
    `select a.pid::text as pid, a.backend_start::text as started
     from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a using (pid)
     where l.locktype = 'advisory' and l.granted and l.objsubid = 2 and l.classid = $1::int4::oid
       and l.objid = (pg_catalog.hashtext($2)::int8 & 4294967295)::oid
       and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
       and a.pid <> pg_catalog.pg_backend_pid()`,
    [lockClass, name],
  );
  return rows.map((row) => ({ pid: integer(row, 'pid'), backendStart: row.started }));
}
