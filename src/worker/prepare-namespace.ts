import { Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { migrationAttributes } from '../contract/search-attributes';

const { IndexedValueType } = temporal.api.enums.v1;

/** Auditors read histories months later; the default of a fresh server is one day. */
const retentionSeconds = 90 * 24 * 60 * 60;

type Services = Pick<Connection, 'workflowService' | 'operatorService'>;

/**
 * Registers our search attributes and raises the retention to 90 days. Idempotent. False for what the server does not
 * let us do, as Temporal Cloud, or has otherwise: the run goes on without it.
 */
export async function prepareNamespace(
  connection: Services,
  namespace: string,
): Promise<{ searchAttributes: boolean; retention: boolean }> {
  return {
    searchAttributes: await allowed(() => registerAttributes(connection, namespace)),
    retention: await allowed(() => raiseRetention(connection, namespace)),
  };
}

/** False when the namespace has one of our names with another type: writing it would fail the workflow task for ever. */
async function registerAttributes({ operatorService }: Services, namespace: string): Promise<boolean> {
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  const wanted = Object.values(migrationAttributes).map(
    (key) => [key.name, IndexedValueType[`INDEXED_VALUE_TYPE_${key.type}`]] as const,
  );
  if (wanted.some(([name, type]) => (customAttributes[name] ?? type) !== type)) return false;
  const missing = wanted.filter(([name]) => customAttributes[name] === undefined);
  if (missing.length === 0) return true;
  await operatorService.addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(missing) });
  return true;
}

async function raiseRetention({ workflowService }: Services, namespace: string): Promise<boolean> {
  const { config } = await workflowService.describeNamespace({ namespace });
  if (Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) >= retentionSeconds) return true;
  await workflowService.updateNamespace({
    namespace,
    config: { workflowExecutionRetentionTtl: { seconds: retentionSeconds as never } },
  });
  return true;
}

/** gRPC: INVALID_ARGUMENT 3, PERMISSION_DENIED 7, UNIMPLEMENTED 12, UNAUTHENTICATED 16. Anything else is a failure. */
const refusals = new Set<unknown>([3, 7, 12, 16]);

async function allowed(work: () => Promise<boolean>): Promise<boolean> {
  try {
    return await work();
  } catch (error) {
    if (refusals.has((error as { code?: unknown }).code)) return false;
    throw error;
  }
}

/** Prepares the namespace of a server at an address; false when the server does not answer (yet). */
export async function prepareNamespaceAt(address: string, namespace: string): Promise<boolean> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address, connectTimeout: 1_000 });
    await prepareNamespace(connection, namespace);
    return true;
  } catch {
    return false;
  } finally {
    await connection?.close();
  }
}
