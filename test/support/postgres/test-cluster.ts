import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isAlive, record, stopServer } from '../../../src/dev/server-process';
import type { ProcessRecord } from '../../../src/dev/server-process';

interface TestCluster {
  readonly folder: string;
  readonly server: ProcessRecord;
}

interface Owned {
  readonly jest: ProcessRecord;
  readonly server: ProcessRecord;
}

const ownerFile = 'owner.json';

/** Stops and removes clusters beside `folder` whose jest was killed before its teardown. */
export async function removeAbandonedClusters(folder: string): Promise<void> {
  const prefix = basename(folder).slice(0, -'XXXXXX'.length);
  for (const name of readdirSync(dirname(folder)).filter((other) => other.startsWith(prefix))) {
    const other = join(dirname(folder), name);
    const owned = readOwner(other);
    if (owned === null || isAlive(owned.jest)) continue;
    await stopServer(owned.server, ['SIGQUIT', 'SIGKILL']);
    rmSync(other, { recursive: true, force: true });
  }
}

function readOwner(folder: string): Owned | null {
  try {
    return JSON.parse(readFileSync(join(folder, ownerFile), 'utf8')) as Owned;
  } catch {
    return null;
  }
}

// Setup and teardown are separate modules of the same process; this one may be loaded twice, `globalThis` is not.
const holder = globalThis as { rowproofTestCluster?: TestCluster | undefined };

export function setTestCluster(cluster: TestCluster): void {
  holder.rowproofTestCluster = cluster;
  const owner: Owned = { jest: record(process.pid), server: cluster.server };
  writeFileSync(join(cluster.folder, ownerFile), JSON.stringify(owner));
  process.once('exit', () => {
    if (holder.rowproofTestCluster === undefined) return;
    process.kill(cluster.server.pid, 'SIGQUIT');
  });
}

/** Its data is thrown away, so it is stopped without a checkpoint. */
export async function stopTestCluster(): Promise<void> {
  const cluster = holder.rowproofTestCluster;
  if (cluster === undefined) return;
  holder.rowproofTestCluster = undefined;
  await stopServer(cluster.server, ['SIGQUIT', 'SIGKILL']);
  rmSync(cluster.folder, { recursive: true, force: true });
}
