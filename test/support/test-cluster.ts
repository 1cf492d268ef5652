import { rmSync } from 'node:fs';
import { stopServer } from '../../src/dev/server-process';
import type { ProcessRecord } from '../../src/dev/server-process';

interface TestCluster {
  readonly folder: string;
  readonly server: ProcessRecord;
}

// Setup and teardown are separate modules of the same process; this one may be loaded twice, `globalThis` is not.
const holder = globalThis as { rowproofTestCluster?: TestCluster | undefined };

export function setTestCluster(cluster: TestCluster): void {
  holder.rowproofTestCluster = cluster;
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
