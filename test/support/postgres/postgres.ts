import { randomBytes } from 'node:crypto';
import { keepSession, type KeptSession } from '../kept-session';

/** A database of one test file, on the cluster that `start-postgres` made (ROWPROOF_TEST_SERVER: a superuser url). */
export interface TestDatabase {
  /** Superuser url of the database. */
  readonly url: string;
  readonly name: string;
  /** Runs SQL as superuser; rows as objects. */
  query<Row extends Record<string, unknown> = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

export function serverUrl(): string {
  const url = process.env['ROWPROOF_TEST_SERVER'];
  if (url === undefined)
    throw new Error(
      'ROWPROOF_TEST_SERVER is not set: run the tests through jest, whose global setup starts PostgreSQL',
    );
  return url;
}

/** What new sessions would have otherwise: one that began before does not have it. */
const forNewSessions = /\balter\s+(database|role|user|system)\b|\bpg_reload_conf\b/i;

const servers = new Map<string, KeptSession>();

function serverAt(url: string): KeptSession {
  const known = servers.get(url) ?? keepSession(url);
  servers.set(url, known);
  return known;
}

/** Creates an empty database; `encoding` other than UTF8 gets locale C; `server` is the url of another one. */
export async function createDatabase(
  options: { prefix?: string; encoding?: string; server?: string } = {},
): Promise<TestDatabase> {
  const server = options.server ?? serverUrl();
  const name = `${options.prefix ?? 'test'}_${randomBytes(5).toString('hex')}`;
  const encoding = options.encoding === undefined ? '' : ` encoding '${options.encoding}' locale 'C'`;
  await serverAt(server).run(async (client) => {
    // half of what copying through the WAL costs; before 15 there is no other way, and no word for it
    const { rows } = await client.query<{ server_version_num: string }>('show server_version_num');
    const copying = Number(rows[0]?.server_version_num) < 150000 ? '' : ' strategy file_copy';
    await client.query(`create database "${name}" template template0${encoding}${copying}`);
  });
  const url = new URL(server);
  url.pathname = `/${name}`;
  const href = url.toString();
  const sessions = keepSession(href);
  return {
    url: href,
    name,
    query: async (sql, values) => {
      const { rows } = await sessions.run((client) => client.query(sql, values));
      if (forNewSessions.test(sql)) await sessions.end();
      return rows as never;
    },
    drop: async () => {
      await sessions.end();
      await serverAt(server).run((client) => client.query(`drop database if exists "${name}" with (force)`));
    },
  };
}
