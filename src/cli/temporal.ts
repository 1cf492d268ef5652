import { Client, Connection } from '@temporalio/client';
import { temporal as api } from '@temporalio/proto';
import { fail } from '../errors/rowproof-error';
import { converterOf } from '../worker/codec/load-codec';
import type { TemporalNamespace } from '../worker/deployment';
import { temporalConfig, temporalIsConfigured } from '../worker/temporal-connection';
import type { Terminal } from './terminal';

const { WORKER_VERSIONING_MODE_VERSIONED } = api.api.enums.v1.WorkerVersioningMode;

export interface TemporalSession {
  readonly client: Client;
  readonly address: string;
  readonly namespace: string;
  /** Base of the web UI, null when it is not known (a configured server; ROWPROOF_UI_URL names it). */
  readonly ui: string | null;
  /** True for the local environment that rowproof started. */
  readonly local: boolean;
  close(): Promise<void>;
}

/** The configured Temporal, else the local one (started when `start`). Sets TEMPORAL_ADDRESS for processes started later. */
export async function connectTemporal(terminal: Terminal, options: { start: boolean }): Promise<TemporalSession> {
  if (temporalIsConfigured(terminal.env)) return open(terminal.env['ROWPROOF_UI_URL'] ?? null, false);
  const { devStatus, temporalUp } = await import('../dev/environment');
  const running = devStatus().temporal ?? (options.start ? await temporalUp({ say: terminal.talk }) : null);
  if (running === null) {
    throw fail('RP4204', 'No Temporal is configured, and the local one does not run.', {
      fix: 'Start the local one with `rowproof dev up`, or set TEMPORAL_ADDRESS.',
    });
  }
  process.env['TEMPORAL_ADDRESS'] = running.address;
  process.env['TEMPORAL_NAMESPACE'] = running.namespace;
  return open(running.uiUrl, true);
}

async function open(ui: string | null, local: boolean): Promise<TemporalSession> {
  const converter = converterOf(process.env);
  const { connectionOptions, namespace = 'default' } = temporalConfig();
  const address = connectionOptions?.address ?? 'localhost:7233';
  let connection: Connection;
  try {
    connection = await Connection.connect({ ...connectionOptions, connectTimeout: '5 seconds' });
  } catch (error) {
    throw fail('RP4204', `No Temporal server answers at ${address}.`, { cause: error });
  }
  await refuseMissingNamespace(connection, address, namespace);
  return {
    client: new Client({ connection, namespace, ...converter }),
    address,
    namespace,
    ui,
    local,
    close: () => connection.close(),
  };
}

const grpcNotFound = 5;

/** A role that may not describe the namespace may still use it, so only its absence is refused. */
async function refuseMissingNamespace(connection: Connection, address: string, namespace: string): Promise<void> {
  try {
    await connection.workflowService.describeNamespace({ namespace });
  } catch (error) {
    if ((error as { code?: unknown }).code !== grpcNotFound) return;
    await connection.close();
    throw fail('RP4204', `The Temporal at ${address} has no namespace ${namespace}.`, {
      why: 'Runs live in a namespace, which an administrator of that Temporal creates.',
      fix: 'Set TEMPORAL_NAMESPACE to one it has, or create it with `temporal operator namespace create`.',
    });
  }
}

/** The page of a workflow in the web UI: input, result and timeline of its latest execution. */
export function uiLink(session: Pick<TemporalSession, 'ui' | 'namespace'>, workflowId: string): string | null {
  if (session.ui === null) return null;
  return `${session.ui}/namespaces/${encodeURIComponent(session.namespace)}/workflows/${encodeURIComponent(workflowId)}`;
}

/** The tab with current details, while the workflow runs; the UI has an address for it only below an execution. */
export async function detailsLink(session: TemporalSession, workflowId: string): Promise<string | null> {
  const page = uiLink(session, workflowId);
  if (page === null) return null;
  const { runId, status } = await session.client.workflow.getHandle(workflowId).describe();
  return status.name === 'RUNNING' ? `${page}/${runId}/user-metadata` : page;
}

/** The builds of the workers that poll the queue now; null stands for those without a version. */
export async function buildsPolling(session: TemporalSession, taskQueue: string): Promise<ReadonlySet<string | null>> {
  const { pollers } = await session.client.workflowService.describeTaskQueue({
    namespace: session.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: 1,
  });
  // a poll takes a minute at most
  const recent = Date.now() / 1000 - 75;
  return new Set(
    (pollers ?? [])
      .filter(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) > recent)
      .map(({ deploymentOptions: options }) =>
        options?.workerVersioningMode === WORKER_VERSIONING_MODE_VERSIONED ? (options.buildId ?? '') : null,
      ),
  );
}

/** Whether a worker polls the queue now. */
export async function somebodyPolls(session: TemporalSession, taskQueue: string): Promise<boolean> {
  return (await buildsPolling(session, taskQueue)).size > 0;
}

/** What looks at deployments takes of a session. */
export function namespaceOf({ client, namespace }: TemporalSession): TemporalNamespace {
  return { service: client.workflowService, namespace };
}
