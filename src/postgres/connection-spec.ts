import { readFile } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { ConnectionSpec } from '../contract/resolved-plan';
import { fail } from '../errors/rowproof-error';
import type { ConnectionParts } from './connection-url';
import { parseConnectionUrl } from './connection-url';
import { passwordFromFile } from './password-file';

export type TlsMode = 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

/** All that one connect needs. The password hides behind a function so that no log or JSON shows it. */
export interface ResolvedConnection {
  /** How people know it: `${CRM_URL}`, `LEGACY_PG*`, a file name. Never the url. */
  readonly label: string;
  /** Host name, address, or folder of a unix socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: () => string | null;
  readonly tls: {
    readonly mode: TlsMode;
    readonly ca: string | null;
    readonly cert: string | null;
    readonly key: string | null;
  };
  readonly connectTimeoutMs: number;
  /** What the plan says the application's search_path is; null where it says nothing. */
  readonly searchPath: readonly string[] | null;
}

/**
 * Turns references into values. Files and variables are read again at each call, because tokens expire. Raises RP3018
 * (variable missing), RP3019 (file unreadable), RP3020 (not a connection url), RP3021 (literal password).
 */
export async function resolveConnection(spec: ConnectionSpec, env: NodeJS.ProcessEnv): Promise<ResolvedConnection> {
  const prefix = spec.envPrefix ?? '';
  const label = spec.url ?? (spec.urlFile === null ? `${prefix}PG*` : `file ${spec.urlFile}`);
  refuseLiteralPassword(spec.url);
  const shown = /:\/\//.test(label) ? 'connection url' : label;
  const parts = await readParts(spec, env, shown);
  const variable = (name: string): string | undefined => {
    const value = env[`${prefix}${name}`];
    return value === '' ? undefined : value;
  };
  const parameter = (name: string): string | undefined => parts.parameters[name];

  const host = parts.host ?? variable('PGHOST') ?? 'localhost';
  const port = Number(parts.port ?? variable('PGPORT') ?? '5432');
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw fail('RP3020', `${shown} names a port that is not a number from 1 to 65535`, { where: { object: shown } });
  }
  const user = parts.user ?? variable('PGUSER') ?? userInfo().username;
  const database = parts.database ?? variable('PGDATABASE') ?? user;
  const given =
    spec.passwordFile === null
      ? (parts.password ?? variable('PGPASSWORD'))
      : (await readText(spec.passwordFile, shown)).replace(/\r?\n$/, '');
  const passFile = variable('PGPASSFILE') ?? env['PGPASSFILE'] ?? join(homedir(), '.pgpass');
  const password = given ?? (await passwordFromFile(passFile, { host, port, database, user }));

  const mode = spec.tls.mode ?? tlsMode(parameter('sslmode') ?? variable('PGSSLMODE'), shown);
  const caFile = spec.tls.caFile ?? parameter('sslrootcert') ?? variable('PGSSLROOTCERT') ?? null;
  const certFile = spec.tls.certFile ?? parameter('sslcert') ?? variable('PGSSLCERT') ?? null;
  const keyFile = spec.tls.keyFile ?? parameter('sslkey') ?? variable('PGSSLKEY') ?? null;
  const optional = async (file: string | null): Promise<string | null> =>
    file === null || file === 'system' ? null : readText(file, shown);
  const ca = await optional(caFile);
  const seconds = Number(parameter('connect_timeout') ?? variable('PGCONNECT_TIMEOUT') ?? '10');
  return {
    label: shown,
    host,
    port,
    database,
    user,
    password: () => password,
    // as libpq: `require` with a CA file checks the chain
    tls: {
      mode: mode === 'require' && ca !== null ? 'verify-ca' : mode,
      ca,
      cert: await optional(certFile),
      key: await optional(keyFile),
    },
    connectTimeoutMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 10_000,
    searchPath: spec.searchPath ?? null,
  };
}

async function readParts(spec: ConnectionSpec, env: NodeJS.ProcessEnv, label: string): Promise<ConnectionParts> {
  if (spec.url === null && spec.urlFile === null) return { parameters: {} };
  const text = spec.url === null ? await readText(spec.urlFile as string, label) : substitute(spec.url, env, label);
  const parts = parseConnectionUrl(text);
  if (parts === null)
    throw fail('RP3020', `${label} does not hold a PostgreSQL connection url`, { where: { object: label } });
  return parts;
}

function substitute(template: string, env: NodeJS.ProcessEnv, label: string): string {
  return template.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => {
    const value = env[name];
    if (value === undefined || value === '') {
      throw fail('RP3018', `Environment variable ${name} is not set`, { where: { object: label } });
    }
    return value;
  });
}

/** A plan goes into the ledger and into reports: a password in it would go there too. */
function refuseLiteralPassword(template: string | null): void {
  if (template === null) return;
  const parts = parseConnectionUrl(template.replace(/\$\{[^}]*\}/g, ''));
  if ((parts?.password ?? '') !== '') throw fail('RP3021', 'A connection holds a literal password');
}

async function readText(file: string, label: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
    throw fail('RP3019', `Cannot read ${file} (${code})`, { where: { object: label } });
  }
}

function tlsMode(text: string | undefined, label: string): TlsMode {
  switch (text) {
    case undefined:
    case 'allow':
    case 'prefer':
      return 'prefer';
    case 'no-verify':
    case 'require':
      return 'require';
    case 'disable':
    case 'verify-ca':
    case 'verify-full':
      return text;
    default:
      throw fail('RP3020', `${label} asks for an unknown sslmode`, { where: { object: label } });
  }
}
