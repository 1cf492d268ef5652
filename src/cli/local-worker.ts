import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail } from '../errors/rowproof-error';
import { defaultTaskQueue } from '../contract/task-queues';
import { watch, worker } from '../progress/commands';
import { isAlive, record, type ProcessRecord } from '../dev/server-process';
import { stateFolder } from '../dev/state-folder';
import { thisBuild } from '../worker/this-build';
import { fleetQueue } from './fleet-queue';
import { somebodyPolls, type TemporalSession } from './temporal';
import type { Terminal } from './terminal';

export interface WorkerPlace {
  readonly taskQueue: string;
  /** Process that was started for it, null when somebody polls already. */
  readonly pid: number | null;
}

/**
 * A task queue with a worker for this plans folder and environment. On a configured Temporal the fleet's queue is used as
 * it is; on the local one a worker of its own is started, which outlives us and ends when it has had nothing to do. `queue`: where a run
 * that is known was driven last; `reviving`: its open workflow that has no worker.
 */
export async function ensureWorker(
  terminal: Terminal,
  temporal: TemporalSession,
  plansFolder: string,
  { reviving = null, queue = null }: { readonly reviving?: string | null; readonly queue?: string | null } = {},
): Promise<WorkerPlace> {
  if (reviving !== null) {
    // an open workflow keeps the queue it was started on
    const { taskQueue } = await temporal.client.workflow.getHandle(reviving).describe();
    if (temporal.local && taskQueue.startsWith(`${defaultTaskQueue}-`))
      return localWorker(terminal, temporal, taskQueue, plansFolder);
  }
  const fleet = fleetName(terminal, temporal, queue);
  if (fleet !== null) {
    const { taskQueue, waits } = await fleetQueue(temporal, fleet, plansFolder);
    if (waits !== null) terminal.talk(waits);
    return { taskQueue, pid: null };
  }
  return localWorker(terminal, temporal, await localQueue(terminal, plansFolder), plansFolder);
}

/** The workers that new runs go to: those of a configured Temporal. Null where the local one has a worker for each environment. */
export function fleetName(terminal: Terminal, temporal: TemporalSession, queue: string | null): string | null {
  const configured = terminal.env['ROWPROOF_TASK_QUEUE'];
  if (temporal.local && configured === undefined) return null;
  return configured ?? queue ?? defaultTaskQueue;
}

async function localWorker(
  terminal: Terminal,
  temporal: TemporalSession,
  taskQueue: string,
  plansFolder: string,
): Promise<WorkerPlace> {
  // Temporal names pollers for a while after they ended: what counts is the process
  if (isAlive(lastWorker(taskQueue)) && (await somebodyPolls(temporal, taskQueue))) return { taskQueue, pid: null };
  return { taskQueue, pid: await startWorker(terminal, temporal, taskQueue, plansFolder) };
}

/**
 * The queue of workers that the local environment starts for this build, plans folder, and what its plans take from the environment: other
 * connections need another worker, another shell with the same ones does not.
 */
async function localQueue(terminal: Terminal, plansFolder: string): Promise<string> {
  const { plansFolder: openPlans } = await import('../engine/plans-folder');
  const named = new Set(await openPlans(plansFolder).variables());
  const kept = Object.keys(terminal.env)
    .filter((name) => named.has(name) || /^(ROWPROOF_|(.*_)?PG[A-Z]+$)/.test(name))
    .sort()
    .map((name) => `${name}=${terminal.env[name]}`);
  const hash = createHash('sha256').update(JSON.stringify([plansFolder, __dirname, thisBuild(), kept]));
  return `${defaultTaskQueue}-${hash.digest('hex').slice(0, 8)}`;
}

/** For a run without a worker: starts one on its queue where this machine has to, else says who has to. */
export async function reviveWorker(
  terminal: Terminal,
  temporal: TemporalSession,
  run: { readonly run: string; readonly plan: string; readonly taskQueue: string; readonly plansFolder: string | null },
): Promise<void> {
  const { taskQueue, plansFolder } = run;
  if (temporal.local && plansFolder !== null && taskQueue.startsWith(`${defaultTaskQueue}-`)) {
    const { plansFolder: openPlans } = await import('../engine/plans-folder');
    const missing = (await openPlans(plansFolder).variables(run.plan)).filter((name) => !terminal.env[name]);
    if (missing.length === 0) await localWorker(terminal, temporal, taskQueue, plansFolder);
    else
      terminal.talk(
        `${run.run} has no worker, and a worker started here would lack ${missing.join(', ')}. Set it, then:  ${watch(run.run)}`,
      );
  } else if (!(await somebodyPolls(temporal, taskQueue))) {
    terminal.talk(
      `No worker polls task queue ${taskQueue} on ${temporal.address} (RP4205): ${run.run} waits until a worker does. Start one with:  ${worker(taskQueue, plansFolder)}`,
    );
  }
}

function workerFile(taskQueue: string, kind: 'json' | 'log'): string {
  const folder = join(stateFolder(), 'workers');
  mkdirSync(folder, { recursive: true });
  return join(folder, `${taskQueue}.${kind}`);
}

/** The worker that was started last for a queue of this machine; null when none is known. */
function lastWorker(taskQueue: string): ProcessRecord | null {
  try {
    return JSON.parse(readFileSync(workerFile(taskQueue, 'json'), 'utf8')) as ProcessRecord;
  } catch {
    return null;
  }
}

async function startWorker(
  terminal: Terminal,
  temporal: TemporalSession,
  taskQueue: string,
  plansFolder: string,
): Promise<number> {
  const logFile = workerFile(taskQueue, 'log');
  const log = openSync(logFile, 'a', 0o600);
  const args = [
    join(__dirname, 'main.js'),
    'worker',
    '--task-queue',
    taskQueue,
    '--plans',
    plansFolder,
    '--idle',
    '120',
    '--unversioned',
  ];
  const child = spawn(process.execPath, args, {
    detached: true,
    stdio: ['ignore', log, log],
    env: process.env,
    cwd: terminal.cwd,
  });
  child.unref();
  closeSync(log);
  writeFileSync(workerFile(taskQueue, 'json'), JSON.stringify(record(child.pid ?? -1)));
  let exited: number | null = null;
  child.on('exit', (code) => {
    exited = code ?? 1;
  });
  terminal.talk(`Started a worker (pid ${child.pid}, log ${logFile}); it goes on when this command ends.`);
  for (let tries = 0; tries < 120; tries += 1) {
    if (exited === null && (await somebodyPolls(temporal, taskQueue))) return child.pid as number;
    if (exited !== null)
      throw fail('RP4205', `The worker ended at once with exit code ${exited}.`, { fix: `Read its log: ${logFile}` });
    await sleep(500);
  }
  throw fail('RP4205', 'The worker does not poll after a minute.', { fix: `Read its log: ${logFile}` });
}
