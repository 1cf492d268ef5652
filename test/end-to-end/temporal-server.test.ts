import { Client, Connection } from '@temporalio/client';
import { temporal as proto } from '@temporalio/proto';
import { prepareNamespace } from '../../src/worker/prepare-namespace';
import { startTemporal } from '../support/temporal';
import type { TestTemporal } from '../support/temporal';

async function onServer<T>(temporal: TestTemporal, work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: temporal.address });
  try {
    return await work(new Client({ connection, namespace: temporal.namespace }));
  } finally {
    await connection.close();
  }
}

describe('a Temporal server on its file', () => {
  it('has the same open workflow after a kill and after a restart in order', async () => {
    const temporal = await startTemporal();
    try {
      const { firstExecutionRunId } = await onServer(temporal, (client) =>
        client.workflow.start('anything', { taskQueue: 'nobody', workflowId: 'kept', args: [] }),
      );
      const described = (): Promise<[string, string]> =>
        onServer(temporal, async (client) => {
          const { runId, status } = await client.workflow.getHandle('kept').describe();
          return [runId, status.name];
        });
      await temporal.kill();
      await expect(Connection.connect({ address: temporal.address, connectTimeout: 500 })).rejects.toThrow();
      await temporal.restart();
      expect(await described()).toEqual([firstExecutionRunId, 'RUNNING']);
      await temporal.restart();
      expect(await described()).toEqual([firstExecutionRunId, 'RUNNING']);
      expect((await fetch(temporal.uiUrl)).status).toBe(200);
    } finally {
      await temporal.stop();
    }
  });
});

describe('preparing a namespace', () => {
  it('is refused, not forced, where one of our search attributes has another type', async () => {
    const temporal = await startTemporal();
    const { namespace } = temporal;
    const connection = await Connection.connect({ address: temporal.address });
    const { operatorService } = connection;
    try {
      expect(await prepareNamespace(connection, namespace)).toEqual({ searchAttributes: true, retention: true });
      await operatorService.removeSearchAttributes({ namespace, searchAttributes: ['MigrationTable'] });
      const type = proto.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST;
      await operatorService.addSearchAttributes({ namespace, searchAttributes: { MigrationTable: type } });
      expect(await prepareNamespace(connection, namespace)).toEqual({ searchAttributes: false, retention: true });
      const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
      expect(customAttributes['MigrationTable']).toBe(type);
    } finally {
      await connection.close();
      await temporal.stop();
    }
  });
});
