import type { Context } from '@temporalio/activity';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createActivities } from '../../activities';
import { copyQueue } from '../contract/task-queues';
import { heartbeatForShort } from './heartbeat-for-short';
import { becomeCurrent } from './become-current';
import { converterOf } from './codec/load-codec';
import { endWhenIdle } from './idle';
import { failureInterceptor } from './failure-interceptor';
import { runMetrics } from './run-metrics';
import { createLog, sdkLogger, type PinoLogger } from './log';
import { prepareNamespace } from './prepare-namespace';
import { temporalConfig } from './temporal-connection';
import { workflowBundlePath } from './this-build';
import { deploymentOptions, versioningOf, type Versioning } from './versioning';
import { workflowIsOpen } from './workflow-state';

export type WorkerRole = 'control' | 'copy' | 'all';

export interface WorkerOptions {
  readonly role: WorkerRole;
  /** Batches and proofs at a time; fixed, because each holds two database sessions. */
  readonly copySlots: number;
  /** Activities of the control queue at a time; a run that follows keeps up to four busy. */
  readonly controlSlots: number;
  readonly taskQueue: string;
  /** Polls the queue as it is: it belongs to one build. */
  readonly unversioned: boolean;
  /** Takes new runs also where a newer build does. */
  readonly makeCurrent: boolean;
  readonly plansFolder: string | null;
  /** Ends by itself once no workflow of its queue has been open for this long; null polls for ever. */
  readonly idleSeconds: number | null;
  /** `host:port` for Prometheus, null for none. */
  readonly metrics: string | null;
  readonly logLevel: string;
  /** Called once all pollers run. */
  readonly ready?: (facts: { namespace: string; searchAttributes: boolean }) => void;
}

/** Polls until SIGINT or SIGTERM, then drains: batches in flight get 20 s to commit, then their sockets are cut. */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const log = createLog(options.logLevel);
  Runtime.install({
    logger: sdkLogger(log),
    shutdownSignals: ['SIGINT', 'SIGTERM'],
    ...(options.metrics === null
      ? {}
      : { telemetryOptions: { metrics: { prometheus: { bindAddress: options.metrics } } } }),
  });
  const converter = converterOf(process.env);
  const { connectionOptions, namespace = 'default' } = temporalConfig();
  const connection = await NativeConnection.connect(connectionOptions);
  const clientConnection = await Connection.connect(connectionOptions);
  const ended = new AbortController();
  try {
    const prepared = await prepareNamespace(clientConnection, namespace);
    if (!prepared.searchAttributes) log.warn('search attributes could not be registered here: runs go on without them');
    const client = new Client({ connection: clientConnection, namespace, ...converter });
    const temporal = { service: clientConnection.workflowService, namespace };
    const versioning = await versioningOf(temporal, options.taskQueue, options.unversioned);
    const { taskQueue, build } = versioning;
    const workers = await createWorkers(options, versioning, connection, client, prepared.searchAttributes, log);
    log.info({ namespace, role: options.role, taskQueue, build }, 'worker ready');
    options.ready?.({ namespace, searchAttributes: prepared.searchAttributes });
    if (options.idleSeconds !== null) endWhenIdle(client, taskQueue, options.idleSeconds, workers);
    void becomeCurrent(temporal, versioning, { insist: options.makeCurrent, signal: ended.signal, log });
    await Promise.all(workers.map((worker) => worker.run()));
  } finally {
    ended.abort();
    await connection.close();
    await clientConnection.close();
  }
}

async function createWorkers(
  options: WorkerOptions,
  versioning: Versioning,
  connection: NativeConnection,
  client: Client,
  searchAttributes: boolean,
  log: PinoLogger,
): Promise<Worker[]> {
  const activities = createActivities({
    env: process.env,
    plansFolder: options.plansFolder,
    workflowIsOpen: (workflowId) => workflowIsOpen(client, workflowId),
    searchAttributes,
    log,
  });
  const counted = runMetrics(Runtime.instance().metricMeter);
  const shared = {
    connection,
    namespace: client.options.namespace,
    ...deploymentOptions(versioning),
    ...converterOf(process.env),
    interceptors: {
      activity: [
        (context: Context) => ({ inbound: heartbeatForShort(context) }),
        (context: Context) => ({ inbound: counted(context.info.activityType) }),
        (): { inbound: typeof failureInterceptor } => ({ inbound: failureInterceptor }),
      ],
    },
    // the default waits for four fifths of the timeout: late to say that a worker lives, and to hear of a cancellation
    maxHeartbeatThrottleInterval: '5 seconds' as const,
    shutdownGraceTime: '20 seconds' as const,
    shutdownForceTime: '40 seconds' as const,
  };
  const workers: Worker[] = [];
  if (options.role !== 'copy') {
    workers.push(
      await Worker.create({
        ...shared,
        taskQueue: versioning.taskQueue,
        workflowBundle: { codePath: workflowBundlePath() },
        activities: activities.control,
        maxConcurrentActivityTaskExecutions: options.controlSlots,
      }),
    );
  }
  if (options.role !== 'control') {
    workers.push(
      await Worker.create({
        ...shared,
        taskQueue: copyQueue(versioning.taskQueue),
        activities: activities.copy,
        maxConcurrentActivityTaskExecutions: options.copySlots,
      }),
    );
  }
  return workers;
}
