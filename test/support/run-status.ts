import { Client, Connection } from '@temporalio/client';
import { listRecords } from '../../src/cli/run-record';
import type { RunStatus } from '../../src/contract/run';
import type { TestTemporal } from './temporal';

/** What runs say of themselves, asked in this process: a test looks often, and each `rowproof status` is a process of its own. */
export interface StatusAsker {
  /** Null while no workflow of that run is open, or none answers. */
  of(run: string): Promise<RunStatus | null>;
  close(): Promise<void>;
}

/** Longer than a worker needs that is busy, milliseconds. */
const patienceMs = 10_000;

/** Asks about runs that were started in `folder`. */
export function createStatusAsker(temporal: TestTemporal | null, folder: string): StatusAsker {
  let connection: Connection | null = null;
  let closed = false;
  return {
    async of(run) {
      if (temporal === null) throw new TypeError('status of a bench without a Temporal server of the test');
      const record = listRecords(folder).find((one) => one.run === run);
      if (record === undefined || closed) return null;
      try {
        connection ??= await Connection.connect({ address: temporal.address });
        const client = new Client({ connection, namespace: temporal.namespace });
        const handle = client.workflow.getHandle(record.workflowId);
        return await connection.withDeadline(Date.now() + patienceMs, async () => {
          if ((await handle.describe()).status.name !== 'RUNNING') return null;
          return handle.query<RunStatus>('status');
        });
      } catch {
        return null;
      }
    },
    async close() {
      closed = true;
      await connection?.close();
      connection = null;
    },
  };
}
