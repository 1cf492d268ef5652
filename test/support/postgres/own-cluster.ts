import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { clusterUrl, createCluster, startCluster } from '../../../src/dev/cluster';
import { findPostgres, type ServerBinaries } from '../../../src/dev/find-postgres';
import { freePort } from '../../../src/dev/free-port';
import { stopServer } from '../../../src/dev/server-process';
import { clusterOwner } from '../../../src/dev/unprivileged-user';
import { openFolder } from '../open-folder';

export interface OwnCluster {
  /** Superuser url. */
  readonly url: string;
  /** What the server has written to its log so far. */
  log(): string;
  stop(): Promise<void>;
}

/**
 * A cluster for one test file, with settings of its own, or where transactions that other tests leave open on the shared server
 * would be waited for. Databases of the file are made on it from here on, until `stop`.
 */
export async function ownCluster(
  settings: Readonly<Record<string, string>> = {},
  other?: ServerBinaries,
): Promise<OwnCluster> {
  const owner = clusterOwner();
  const binaries = other ?? (await findPostgres(owner))[0];
  if (binaries === undefined) throw new Error('no PostgreSQL server binaries were found');
  const root = openFolder('rowproof-own-');
  const folder = join(root, 'cluster');
  mkdirSync(folder);
  await createCluster(folder, binaries, owner, true);
  const port = await freePort();
  const quick = { fsync: 'off', full_page_writes: 'off', log_min_messages: 'error', shared_buffers: '32MB' };
  const server = await startCluster({ folder, binaries, owner, port, settings: { ...quick, ...settings } });
  const shared = process.env['ROWPROOF_TEST_SERVER'];
  const url = clusterUrl(folder, port);
  process.env['ROWPROOF_TEST_SERVER'] = url;
  return {
    url,
    log: () => readFileSync(join(folder, 'server.log'), 'utf8'),
    async stop() {
      if (shared !== undefined) process.env['ROWPROOF_TEST_SERVER'] = shared;
      await stopServer(server, ['SIGQUIT', 'SIGKILL']);
      rmSync(root, { recursive: true, force: true });
    },
  };
}
