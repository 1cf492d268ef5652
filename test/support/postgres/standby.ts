import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clusterFiles, clusterUrl, createCluster, startCluster } from '../../../src/dev/cluster';
import { findPostgres } from '../../../src/dev/find-postgres';
import { freePort } from '../../../src/dev/free-port';
import { stopServer } from '../../../src/dev/server-process';
import { clusterOwner } from '../../../src/dev/unprivileged-user';
import { openFolder } from '../open-folder';
import { runCommand } from '../command';

/** A primary and a standby that streams from it. Databases of the file are made on the primary from here on, until `stop`. */
export interface StandbyPair {
  /** Superuser urls. */
  readonly primary: string;
  readonly standby: string;
  stop(): Promise<void>;
}

/** The standby is a copy of the files of a primary that never ran: no program but the server itself is needed. */
export async function openStandbyPair(): Promise<StandbyPair> {
  const owner = clusterOwner();
  const binaries = (await findPostgres(owner))[0];
  if (binaries === undefined) throw new Error('no PostgreSQL server binaries were found');
  const root = openFolder('rowproof-standby-');
  const folders = { primary: join(root, 'primary'), standby: join(root, 'standby') };
  mkdirSync(folders.primary);
  await createCluster(folders.primary, binaries, owner, true);
  const copied = await runCommand('cp', ['-a', folders.primary, folders.standby], { cwd: root, timeoutMs: 60_000 });
  if (copied.code !== 0) throw new Error(copied.stderr);
  const signal = join(clusterFiles(folders.standby).data, 'standby.signal');
  writeFileSync(signal, '');
  if (owner !== null) chownSync(signal, owner.uid, owner.gid);
  const settings = { fsync: 'off', log_min_messages: 'error', shared_buffers: '32MB' };
  const [port, standbyPort] = [await freePort(), await freePort()];
  const primary = await startCluster({ folder: folders.primary, binaries, owner, port, settings });
  const url = clusterUrl(folders.primary, port);
  const standby = await startCluster({
    folder: folders.standby,
    binaries,
    owner,
    port: standbyPort,
    settings: { ...settings, primary_conninfo: url, wal_receiver_status_interval: '1' },
  });
  const shared = process.env['ROWPROOF_TEST_SERVER'];
  process.env['ROWPROOF_TEST_SERVER'] = url;
  return {
    primary: url,
    standby: clusterUrl(folders.standby, standbyPort),
    async stop() {
      if (shared !== undefined) process.env['ROWPROOF_TEST_SERVER'] = shared;
      for (const server of [standby, primary]) await stopServer(server, ['SIGQUIT', 'SIGKILL']);
      rmSync(root, { recursive: true, force: true });
    },
  };
}
