import type { Client } from 'pg';
import { fail } from '../errors/rowproof-error';
import { identifier } from '../sql/quote';
import type { ResolvedConnection } from './connection-spec';
import { isInsufficientPrivilege } from './sqlstate';
import { integer } from './row';

/** Oldest server that rowproof works with, as `server_version_num`. */
const oldestServer = 130000;

/**
 * What the text of a value, the order of rows, the meaning of an expression or the life of a session could depend on. Set after
 * connecting, since poolers refuse unknown startup options; roles and databases may carry other defaults. A setting that a version
 * does not know yet is passed over there.
 */
const pinned: Readonly<Record<string, string>> = {
  client_encoding: 'UTF8',
  TimeZone: 'UTC',
  // YMD: with MDY or DMY a bare cast would read 01/02/2003 silently, one way or the other
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  // money, to_char and to_date
  lc_monetary: 'C',
  lc_numeric: 'C',
  lc_time: 'C',
  search_path: 'pg_catalog',
  // of a role that has another as its default: whose sessions these are decides who may see and end them
  role: 'none',
  row_security: 'off',
  standard_conforming_strings: 'on',
  backslash_quote: 'safe_encoding',
  transform_null_equals: 'off',
  array_nulls: 'on',
  quote_all_identifiers: 'off',
  xmlbinary: 'base64',
  xmloption: 'content',
  // a search in a GIN index may leave rows out above it
  gin_fuzzy_search_limit: '0',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  // transactions that read say so themselves
  default_transaction_read_only: 'off',
  default_tablespace: '',
  default_table_access_method: 'heap',
  check_function_bodies: 'on',
  restrict_nonsystem_relation_kind: '',
  client_min_messages: 'warning',
  // a snapshot may have to stay open while the other side works; fences and terminated backends end the dead ones
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  transaction_timeout: '0',
  plan_cache_mode: 'auto',
  // compiled statements are wide and run once a batch: compiling them to machine code costs more than it saves
  jit: 'off',
};

/**
 * Settings that only a superuser may change, with the one value that keeps rows from being lost or rules from being passed over.
 * They are brought there where the role may, and named where not.
 */
const guarded: Readonly<Record<string, string>> = {
  session_replication_role: 'origin',
  zero_damaged_pages: 'off',
  ignore_checksum_failure: 'off',
};

const list = (settings: Readonly<Record<string, string>>): string =>
  Object.entries(settings)
    .map(([name, value]) => `('${name}', '${value}')`)
    .join(', ');

export async function pinSettings(
  client: Client,
  options: { readonly lockTimeoutMs?: number; readonly statementTimeoutMs?: number },
): Promise<void> {
  const settings: Record<string, string> = {
    ...pinned,
    lock_timeout: `${Math.round(options.lockTimeoutMs ?? 0)}`,
    statement_timeout: `${Math.round(options.statementTimeoutMs ?? 0)}`,
  };
  // not SET: with quote_all_identifiers it would store "pg_catalog" in quotes; not from pg_settings, which writes out all there are
  await client.query(
    `select pg_catalog.set_config('role', 'none', false);
     select pg_catalog.set_config(p.name, p.value, false) from (values ${list(settings)}) p (name, value)
     where pg_catalog.current_setting(p.name, true) is not null;
     select pg_catalog.set_config('synchronous_commit', 'on', false) where pg_catalog.current_setting('synchronous_commit') = 'off'`,
  );
}

export interface BackendFacts {
  readonly pid: number;
  readonly backendStart: string;
  readonly serverVersion: number;
  /** The search_path that role and database give a session which sets none. */
  readonly applicationPath: string;
}

/** Reads the settings back in a transaction of their own. RP3015 server too old, RP3017 settings not kept, RP3030 settings that may not be changed. */
export async function verifySettings(client: Client, connection: ResolvedConnection): Promise<BackendFacts> {
  const wanted: Readonly<Record<string, string>> = { ...pinned, ...guarded };
  const names = Object.keys(wanted);
  const result = await client.query<Record<string, string>>(
    `select pg_catalog.pg_backend_pid() as pid, pg_catalog.current_setting('server_version_num') as version,
      (select backend_start::text from pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid())) as started,
      (select reset_val from pg_catalog.pg_settings where name = 'search_path') as path,
      ${names.map((name, index) => `pg_catalog.current_setting('${name}', true) as s${index}`).join(', ')}`,
  );
  const row = result.rows[0] as Record<string, string | null>;
  const serverVersion = integer(row, 'version');
  refuseOldServer(serverVersion, connection.label);
  const isOther = (name: string, index: number): boolean =>
    row[`s${index}`] !== wanted[name] && row[`s${index}`] !== null;
  const changed = names.filter((name, index) => isOther(name, index) && !Object.hasOwn(guarded, name));
  await guardSettings(
    client,
    connection,
    names.filter((name, index) => isOther(name, index) && Object.hasOwn(guarded, name)),
  );
  if (changed.length > 0) {
    throw fail('RP3017', `${connection.label} did not keep these settings: ${changed.join(', ')}`, {
      where: { object: connection.label },
    });
  }
  return {
    pid: integer(row, 'pid'),
    backendStart: row['started'] as string,
    serverVersion,
    applicationPath: row['path'] ?? '',
  };
}

/** Brings settings of `guarded` back; RP3030 with the statements to make where the role may not. */
async function guardSettings(client: Client, connection: ResolvedConnection, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const sets = names.map((name) => `pg_catalog.set_config('${name}', '${guarded[name]}', false)`);
  try {
    await client.query(`select ${sets.join(', ')}`);
  } catch (error) {
    if (!isInsufficientPrivilege(error)) throw error;
    const { label, user, database } = connection;
    const wanted = names.map((name) => `${name} = ${guarded[name]}`).join(', ');
    const resets = names.flatMap((name) => [
      `ALTER ROLE ${identifier(user)} RESET ${name}`,
      `ALTER DATABASE ${identifier(database)} RESET ${name}`,
    ]);
    throw fail('RP3030', `${label}: the sessions of role ${user} need ${wanted}, and the role may not set it`, {
      where: { object: label },
      fix: `As a superuser, whichever applies: ${resets.join('; ')}.`,
    });
  }
}

/**
 * What a server writes to its own log about a statement that fails holds values of rows, in its detail and often in the message
 * itself. Each of these needs SET on the parameter (GRANT SET ON PARAMETER, since version 15) or a superuser; refused is not asked.
 */
const silentLog: Readonly<Record<string, string>> = {
  log_min_messages: 'fatal',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
};

/** SQL boolean: whether this role may set a parameter that only superusers may without a grant. */
export function maySetSql(parameter: string, serverVersion: number): string {
  return serverVersion >= 150000
    ? `pg_catalog.has_parameter_privilege('${parameter}', 'SET')`
    : `(pg_catalog.current_setting('is_superuser') = 'on')`;
}

/** Keeps rows out of the server's log, as far as the role may. */
export async function silenceServerLog(client: Client, serverVersion: number): Promise<void> {
  // whoever looks for the fault of a statement wants to see it there
  if (process.env['ROWPROOF_DEBUG'] === '1') return;
  const cases = Object.entries(silentLog).map(
    ([name, value], index) =>
      `case when ${maySetSql(name, serverVersion)} then pg_catalog.set_config('${name}', '${value}', false) end as s${index}`,
  );
  await client.query(`select ${cases.join(', ')}`);
}

/** RP3015 for a `server_version_num` before 13; numbers before 10 have two parts. */
export function refuseOldServer(version: number, label: string): void {
  if (version >= oldestServer) return;
  const major = Math.floor(version / 10000);
  const shown = major >= 10 ? `${major}` : `${major}.${Math.floor(version / 100) % 100}`;
  throw fail('RP3015', `${label} is PostgreSQL ${shown}; rowproof needs 13 or newer`, { where: { object: label } });
}
