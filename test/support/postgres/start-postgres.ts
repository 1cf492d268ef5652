import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { clusterUrl, createCluster, startCluster } from '../../../src/dev/cluster';
import { embeddedPostgres } from '../../../src/dev/embedded-postgres';
import { findPostgres } from '../../../src/dev/find-postgres';
import { freePort } from '../../../src/dev/free-port';
import { openStateFolder, stateFolder } from '../../../src/dev/state-folder';
import { clusterOwner } from '../../../src/dev/unprivileged-user';
import { removeAbandonedClusters, setTestCluster } from './test-cluster';
import { openFolder } from '../open-folder';

/**
 * Jest global setup: one throw-away cluster for all tiers, unless ROWPROOF_TEST_SERVER (a superuser url) names one.
 * Passwords are checked as in production, so a role of a test needs one. Crashing may lose it: nothing is synced.
 */
export default async function startPostgres(): Promise<void> {
  if (process.env['ROWPROOF_TEST_SERVER'] !== undefined) return;
  const owner = clusterOwner();
  let binaries = (await findPostgres(owner))[0];
  if (binaries === undefined) {
    openStateFolder(stateFolder());
    binaries = await embeddedPostgres(stateFolder(), owner, (line) => process.stderr.write(`${line}\n`));
  }
  const root = openFolder('rowproof-test-');
  await removeAbandonedClusters(root);
  const folder = join(root, 'cluster');
  mkdirSync(folder);
  await createCluster(folder, binaries, owner, true);
  const port = await freePort();
  const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', log_min_messages: 'error' };
  const server = await startCluster({ folder, binaries, owner, port, settings });
  setTestCluster({ folder: root, server });
  process.env['ROWPROOF_TEST_SERVER'] = clusterUrl(folder, port);
}
