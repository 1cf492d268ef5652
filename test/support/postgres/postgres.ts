import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

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

async function once<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Creates an empty database; `encoding` other than UTF8 gets locale C; `server` is the url of another one. */
export async function createDatabase(
  options: { prefix?: string; encoding?: string; server?: string } = {},
): Promise<TestDatabase> {
  const server = options.server ?? serverUrl();
  const name = `${options.prefix ?? 'test'}_${randomBytes(5).toString('hex')}`;
  const encoding = options.encoding === undefined ? '' : ` encoding '${options.encoding}' locale 'C'`;
  await once(server, (client) => client.query(`create database "${name}" template template0${encoding}`));
  const url = new URL(server);
  url.pathname = `/${name}`;
  const href = url.toString();
  return {
    url: href,
    name,
    query: (sql, values) => once(href, async (client) => (await client.query(sql, values)).rows as never),
    drop: async () => {
      await once(server, (client) => client.query(`drop database if exists "${name}" with (force)`));
    },
  };
}
