import type { Client } from 'pg';
import { fail } from '../errors/rowproof-error';
import type { ResolvedConnection } from './connection-spec';

/** Oldest server that rowproof works with, as `server_version_num`. */
const oldestServer = 130000;

/**
 * What the text of a value, the order of rows or the meaning of an expression could depend on. Set after connecting, since
 * poolers refuse unknown startup options; roles and databases may carry other defaults.
 */
const pinned: Readonly<Record<string, string>> = {
  client_encoding: 'UTF8',
  TimeZone: 'UTC',
  // YMD: with MDY or DMY a bare cast would read 01/02/2003 silently, one way or the other
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  search_path: 'pg_catalog',
  row_security: 'off',
  standard_conforming_strings: 'on',
  transform_null_equals: 'off',
  array_nulls: 'on',
  quote_all_identifiers: 'off',
  xmloption: 'content',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  client_min_messages: 'warning',
  // a snapshot may have to stay open while the other side works; fences and terminated backends end the dead ones
  idle_in_transaction_session_timeout: '0',
  // compiled statements are wide and run once a batch: compiling them to machine code costs more than it saves
  jit: 'off',
};

export async function pinSettings(
  client: Client,
  options: { readonly lockTimeoutMs?: number; readonly statementTimeoutMs?: number },
): Promise<void> {
  const settings: Record<string, string> = {
    ...pinned,
    lock_timeout: `${Math.round(options.lockTimeoutMs ?? 0)}`,
    statement_timeout: `${Math.round(options.statementTimeoutMs ?? 0)}`,
  };
  // search_path and DateStyle take lists: not quoted as one literal
  const statements = Object.entries(settings).map(([name, value]) =>
    name === 'search_path' || name === 'DateStyle' ? `set ${name} = ${value}` : `set ${name} = '${value}'`,
  );
  await client.query(statements.join('; '));
}

export interface BackendFacts {
  readonly pid: number;
  readonly backendStart: string;
  readonly serverVersion: number;
}

/** Reads the settings back in a transaction of their own. RP3015 server too old, RP3017 settings not kept. */
export async function verifySettings(client: Client, connection: ResolvedConnection): Promise<BackendFacts> {
  const names = Object.keys(pinned);
  const result = await client.query<Record<string, string>>(
    `select pg_catalog.pg_backend_pid() as pid, pg_catalog.current_setting('server_version_num') as version,
      (select backend_start::text from pg_catalog.pg_stat_activity where pid = pg_catalog.pg_backend_pid()) as started,
      ${names.map((name, index) => `pg_catalog.current_setting('${name}') as s${index}`).join(', ')}`,
  );
  const row = result.rows[0] as Record<string, string>;
  const serverVersion = Number(row['version']);
  refuseOldServer(serverVersion, connection.label);
  const changed = names.filter((name, index) => row[`s${index}`] !== pinned[name]);
  if (changed.length > 0) {
    throw fail('RP3017', `${connection.label} did not keep these settings: ${changed.join(', ')}`, {
      where: { object: connection.label },
    });
  }
  return { pid: Number(row['pid']), backendStart: row['started'] as string, serverVersion };
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
