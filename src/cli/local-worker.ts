import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail } from '../errors/rowproof-error';
import { defaultTaskQueue } from '../contract/task-queues';
import { somebodyPolls, type TemporalSession } from './temporal';
import type { Terminal } from './terminal';

export interface WorkerPlace {
  readonly taskQueue: string;
  /** Process that was started for it, null when somebody polls already. */
  readonly pid: number | null;
}

/**
 * A task queue with a worker for this plans folder and environment. On a configured Temporal the fleet's queue is used as
 * it is; on the local one a worker of its own is started, which outlives us and ends when it has had nothing to do.
 */
export async function ensureWorker(
  terminal: Terminal,
  temporal: TemporalSession,
  plansFolder: string,
): Promise<WorkerPlace> {
  const configured = terminal.env['ROWPROOF_TASK_QUEUE'];
  if (!temporal.local || configured !== undefined) {
    const taskQueue = configured ?? defaultTaskQueue;
    if (!(await somebodyPolls(temporal, taskQueue))) {
      terminal.talk(
        `Nobody polls task queue ${taskQueue} on ${temporal.address} (RP4205): the run waits until a worker does. Start one with:  rowproof worker`,
      );
    }
    return { taskQueue, pid: null };
  }
  const taskQueue = `${defaultTaskQueue}-${fingerprint(terminal.env, plansFolder)}`;
  if (await somebodyPolls(temporal, taskQueue)) return { taskQueue, pid: null };
  return { taskQueue, pid: await startWorker(terminal, temporal, taskQueue, plansFolder) };
}

async function startWorker(
  terminal: Terminal,
  temporal: TemporalSession,
  taskQueue: string,
  plansFolder: string,
): Promise<number> {
  const { stateFolder } = await import('../dev/state-folder');
  const logs = join(stateFolder(), 'workers');
  mkdirSync(logs, { recursive: true });
  const logFile = join(logs, `${taskQueue}.log`);
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
  ];
  const child = spawn(process.execPath, args, {
    detached: true,
    stdio: ['ignore', log, log],
    env: process.env,
    cwd: terminal.cwd,
  });
  child.unref();
  let exited: number | null = null;
  child.on('exit', (code) => {
    exited = code ?? 1;
  });
  terminal.talk(`Started a worker (pid ${child.pid}, log ${logFile}); it goes on when this command ends.`);
  for (let tries = 0; tries < 120; tries += 1) {
    if (await somebodyPolls(temporal, taskQueue)) return child.pid as number;
    if (exited !== null)
      throw fail('RP4205', `The worker ended at once with exit code ${exited}.`, { fix: `Read its log: ${logFile}` });
    await sleep(500);
  }
  throw fail('RP4205', 'The worker does not poll after a minute.', { fix: `Read its log: ${logFile}` });
}

/** Names a worker by the environment it runs with: another set of connections, plans or another build is another worker. */
function fingerprint(env: NodeJS.ProcessEnv, plansFolder: string): string {
  const skipped =
    /^(_|PWD|OLDPWD|SHLVL|COLUMNS|LINES|TERM.*|npm_.*|INIT_CWD|NODE|TEMPORAL_ADDRESS|TEMPORAL_NAMESPACE|SSH_.*|XDG_SESSION.*|INVOCATION_ID)$/;
  const kept = Object.keys(env)
    .filter((name) => !skipped.test(name))
    .sort()
    .map((name) => `${name}=${env[name]}`);
  return createHash('sha256')
    .update(JSON.stringify([plansFolder, __dirname, kept]))
    .digest('hex')
    .slice(0, 8);
}
