import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { RunStatus } from '../../src/contract/run';
import type { CommandResult } from './command';
import { runCommand } from './command';
import { createCommandHost } from './command-host';
import { openFolder } from './open-folder';
import { createStatusAsker } from './run-status';
import type { TestTemporal } from './temporal';

/** The built binary; `npm test` builds it first. */
export const binary = process.env['ROWPROOF_TEST_BINARY'] ?? resolve(__dirname, '../../dist/src/cli/main.js');

/** A process of the binary that a test ends when it likes. */
export interface Started {
  readonly child: ChildProcess;
  /** Exit code, null after a signal. */
  readonly ended: Promise<number | null>;
  stdout(): string;
  stderr(): string;
}

/** A folder with plans, an environment and a task queue of its own: what one person has on a machine. */
export interface Workbench {
  readonly folder: string;
  readonly taskQueue: string;
  readonly env: NodeJS.ProcessEnv;
  readonly workerLog: string;
  /** Runs `rowproof …` in the folder to its end; short commands of a bench share a process of the binary. */
  rowproof(...args: string[]): Promise<CommandResult>;
  /** Starts `rowproof …` and returns at once. */
  start(...args: string[]): Started;
  /** Starts a worker of this bench; its log goes to `workerLog`. */
  worker(...args: string[]): Started;
  /** Workers that run. */
  workers(): readonly Started[];
  write(name: string, text: string): string;
  /** What a run says of itself, without a process of the binary; null while no workflow of that run is open, or none answers. */
  status(run: string): Promise<RunStatus | null>;
  /** What it says once that stands as the test waits for. */
  until(run: string, readExistingFreeze: (status: RunStatus) => boolean): Promise<RunStatus>;
  /** Everything of this bench ends. */
  close(): Promise<void>;
}

/** Without `temporal` nothing is configured, and rowproof starts a local environment of its own. */
export function createWorkbench(
  temporal: TestTemporal | null,
  variables: Readonly<Record<string, string>> = {},
): Workbench {
  const folder = openFolder('rowproof-bench-');
  const taskQueue = `bench-${randomBytes(4).toString('hex')}`;
  const workerLog = join(folder, 'worker.log');
  mkdirSync(join(folder, 'plans'));
  const env: NodeJS.ProcessEnv = {
    ...withoutOurs(process.env),
    ...(temporal === null
      ? {}
      : {
          TEMPORAL_ADDRESS: temporal.address,
          TEMPORAL_NAMESPACE: temporal.namespace,
          ROWPROOF_TASK_QUEUE: taskQueue,
          ROWPROOF_UI_URL: temporal.uiUrl,
        }),
    ...variables,
  };
  const asker = createStatusAsker(temporal, folder);
  const host = createCommandHost(binary, { cwd: folder, env });
  const started: Started[] = [];
  const workers: Started[] = [];
  const begin = (args: readonly string[], log: number | 'pipe'): Started => {
    const child = spawn(process.execPath, [binary, ...args], { cwd: folder, env, stdio: ['ignore', log, log] });
    const text = { out: '', err: '' };
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text.out += chunk));
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text.err += chunk));
    const ended = new Promise<number | null>((done, failed) => child.on('close', done).on('error', failed));
    const one = { child, ended, stdout: () => text.out, stderr: () => text.err };
    started.push(one);
    return one;
  };
  return {
    folder,
    taskQueue,
    env,
    workerLog,
    rowproof: (...args) =>
      host.takes(args)
        ? host.run(args)
        : runCommand(process.execPath, [binary, ...args], { cwd: folder, env, timeoutMs: 150_000 }),
    start: (...args) => begin(args, 'pipe'),
    worker: (...args) => {
      const command = ['worker', '--plans', join(folder, 'plans'), '--log-level', 'debug', ...args];
      const one = begin(command, openSync(workerLog, 'a'));
      workers.push(one);
      return one;
    },
    workers: () => workers.filter(({ child }) => child.exitCode === null && child.signalCode === null),
    write: (name, text) => {
      const file = join(folder, 'plans', name);
      writeFileSync(file, text);
      return file;
    },
    status: (run) => asker.of(run),
    until: (run, readExistingFreeze) =>
      eventually(async () => {
        const status = await asker.of(run);
        return status !== null && readExistingFreeze(status) ? status : null;
      }),
    close: async () => {
      await asker.close();
      await host.close();
      for (const { child } of started) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await Promise.all(started.map(({ ended }) => ended));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What a test machine may have set for itself must not steer the benches. */
function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(ROWPROOF|TEMPORAL|PG)/.test(name)));
}

/** One JSON document from stdout; the rest of the result when it is none. */
export function document<T = Record<string, unknown>>(result: { stdout: string; stderr: string }): T {
  try {
    return JSON.parse(result.stdout) as T;
  } catch {
    throw new Error(`stdout is not one JSON document:\n${result.stdout}\nstderr:\n${result.stderr}`);
  }
}

/** Asks every 100 ms until the answer is neither null nor false; gives up after 100 s with the stack of whoever waits. */
export async function eventually<T>(ask: () => Promise<T | null | false> | T | null | false): Promise<T> {
  const inVain = new Error('This did not come about within 100 s.');
  for (const started = Date.now(); Date.now() - started < 100_000;) {
    const answer = await ask();
    if (answer !== null && answer !== false) return answer;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw inVain;
}

export async function withClient<T>(temporal: TestTemporal, work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: temporal.address });
  try {
    return await work(new Client({ connection, namespace: temporal.namespace }));
  } finally {
    await connection.close();
  }
}

export function logOf(bench: Workbench): string {
  return readFileSync(bench.workerLog, 'utf8');
}
