import { stopTestCluster } from './test-cluster';

/** Jest global teardown. */
export default async function stopPostgres(): Promise<void> {
  await stopTestCluster();
}
