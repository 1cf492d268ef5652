import type { Client } from 'pg';
import { isDatabaseNotFound } from '../errors/error-kinds';
import { fail } from '../errors/rowproof-error';
import { connect } from './connect';
import type { ResolvedConnection } from './connection-spec';
import { integer } from './row';

/** Enough that a pooler which deals its server connections round-robin meets one twice. */
const attempts = 8;

/**
 * Refuses a pooler that gives a backend to a client for one transaction only (RP3016): settings, snapshots and fences would
 * land in somebody else's session. A pooler in session mode passes.
 */
export async function refuseTransactionPooler(client: Client, connection: ResolvedConnection): Promise<void> {
  const pid = await backendPid(client);
  // a pooler hands out cancel keys of its own; the server's own key carries the backend's pid
  if ((client as unknown as { processID: number | null }).processID === pid) return;
  const probe = await connect(connection, 'rowproof pooler probe');
  const seen = new Set([pid]);
  let shared = false;
  try {
    for (let turn = 0; turn < attempts && !shared; turn++) {
      // while the probe is inside a transaction its backend is its own: seen at ours as well, the backend is shared
      await answered(probe.query('begin'));
      shared = seen.has(await answered(backendPid(probe)));
      if (shared) break;
      const ours = await answered(backendPid(client));
      shared = !seen.has(ours);
      await answered(probe.query('rollback'));
    }
  } catch {
    // statement pooling refuses BEGIN, a pool of one backend never answers: no sessions to build on, either way
    shared = true;
  } finally {
    (probe as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  }
  if (!shared) return;
  const name = (await isPgBouncer(connection)) ? 'PgBouncer' : 'a connection pooler';
  throw fail('RP3016', `${connection.label}: ${name} in transaction mode sits between rowproof and the server`, {
    where: { object: connection.label },
  });
}

const patienceMs = 5000;

async function answered<T>(query: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('No backend was free')), patienceMs);
  });
  try {
    return await Promise.race([query, late]);
  } finally {
    clearTimeout(timer);
    query.catch(() => undefined);
  }
}

async function backendPid(client: Client): Promise<number> {
  const result = await client.query<{ pid: string }>('select pg_catalog.pg_backend_pid() as pid');
  return integer(result.rows[0], 'pid');
}

/** PgBouncer answers for a database `pgbouncer` of its own; a server says that there is none. */
async function isPgBouncer(connection: ResolvedConnection): Promise<boolean> {
  try {
    await (await connect({ ...connection, database: 'pgbouncer' }, 'rowproof pooler probe')).end();
    return true;
  } catch (error) {
    return !isDatabaseNotFound(error);
  }
}
