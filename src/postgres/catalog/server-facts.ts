import type { ServerFacts } from '../../contract/catalog';
import type { Session } from '../session';
import { maySetSql } from '../session-settings';
import { flag, integer } from '../row';

export async function readServerFacts(session: Session): Promise<ServerFacts> {
  const { rows } = await session.query<Record<string, string>>(
    `select current_setting('server_version_num') as version, current_database() as database,
       pg_encoding_to_char(d.encoding) as encoding, d.datcollate as collate, current_user as "user",
       (select rolsuper from pg_roles where rolname = current_user)::text as superuser, pg_is_in_recovery()::text as standby,
       has_function_privilege('pg_catalog.pg_control_system()', 'execute')::text as controllable,
       (${maySetSql('log_min_messages', session.serverVersion)})::text as silent
     from pg_database d where d.datname = current_database()`,
  );
  const row = rows[0] as Record<string, string>;
  return {
    versionNum: integer(row, 'version'),
    database: row['database'] as string,
    encoding: row['encoding'] as string,
    collate: row['collate'] as string,
    user: row['user'] as string,
    isSuperuser: flag(row, 'superuser'),
    isStandby: flag(row, 'standby'),
    maySilenceLog: flag(row, 'silent'),
    systemIdentifier: flag(row, 'controllable') ? await systemIdentifier(session) : null,
  };
}

/** A statement of its own: the privilege is checked even where a CASE never gets to the function. */
async function systemIdentifier(session: Session): Promise<string> {
  const { rows } = await session.query<{ id: string }>('select system_identifier::text as id from pg_control_system()');
  return (rows[0] as { id: string }).id;
}

/** Rows of others that a dump of tables would miss, and transactions that hold locks without a session. */
export async function readDatabaseCounts(
  session: Session,
): Promise<{ largeObjects: number; preparedTransactions: number }> {
  const { rows } = await session.query<{ large: string; prepared: string }>(
    `select (select count(*) from pg_largeobject_metadata) as large,
       (select count(*) from pg_prepared_xacts where database = current_database()) as prepared`,
  );
  const row = rows[0] as { large: string; prepared: string };
  return { largeObjects: integer(row, 'large'), preparedTransactions: integer(row, 'prepared') };
}

export async function readSchemas(session: Session): Promise<{ name: string; usage: boolean; create: boolean }[]> {
  const { rows } = await session.query<{ name: string; usage: string; create: string }>(
    `select nspname as name, has_schema_privilege(oid, 'usage')::text as usage, has_schema_privilege(oid, 'create')::text as create
     from pg_namespace n where ${userSchema} order by nspname collate "C"`,
  );
  return rows.map((row) => ({ name: row.name, usage: flag(row, 'usage'), create: flag(row, 'create') }));
}

/** Predicate over pg_namespace n: neither the system's nor ours. Names that start with pg_ are reserved. */
export const userSchema = `n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'rowproof')`;
