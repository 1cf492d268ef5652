import { fork, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CommandResult } from './command';

/** A process of a built program that stays for several command lines: loading it is most of what a short one costs. */
export interface CommandHost {
  /** Whether `run` takes this command line; another one needs a process of its own. */
  takes(args: readonly string[]): boolean;
  run(args: readonly string[]): Promise<CommandResult>;
  close(): Promise<void>;
}

/** Commands that ask and answer: none starts a process, waits for a signal or follows a run. */
const short = new Set([
  ...['check', 'plan', 'preview', 'status', 'quarantine', 'report'],
  ...['pause', 'resume', 'approve', 'cutover', 'decide', 'resolve', 'abort', 'finish'],
]);

const patienceMs = 150_000;

/** `env` may be changed between commands: the next one has a process with what it says then. */
export function createCommandHost(binary: string, options: { cwd: string; env: NodeJS.ProcessEnv }): CommandHost {
  const program = join(dirname(binary), 'command-line.js');
  let running: { child: ChildProcess; env: string } | null = null;
  let last = 0;
  const end = async (): Promise<void> => {
    const child = running?.child;
    running = null;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((ended) => child.once('exit', ended));
    child.kill('SIGKILL');
    await gone;
  };
  // commands that come side by side must not start a process each, of which all but one would be forgotten
  let starts: Promise<unknown> = Promise.resolve();
  const start = (): Promise<ChildProcess> => {
    const started = starts.then(startOnce);
    starts = started.catch(() => undefined);
    return started;
  };
  const startOnce = async (): Promise<ChildProcess> => {
    const env = JSON.stringify(options.env);
    if (running !== null && running.env === env && running.child.connected) return running.child;
    await end();
    const child = fork(join(__dirname, 'hosted-commands.mjs'), [program], {
      ...options,
      execArgv: [],
      stdio: 'inherit',
    });
    child.setMaxListeners(0);
    running = { child, env };
    return child;
  };
  return {
    // a build from before there was this file has none
    takes: ([command = '']) => short.has(command) && existsSync(program),
    async run(args) {
      const child = await start();
      const id = (last += 1);
      return new Promise((resolve, reject) => {
        const done = (): void => {
          clearTimeout(timer);
          child.off('message', answer).off('exit', died);
        };
        const answer = (message: unknown): void => {
          const { id: of, ...said } = message as { id: number; code: number; stdout: string; stderr: string };
          if (of !== id) return;
          done();
          resolve({ ...said, signal: null });
        };
        const died = (code: number | null, signal: NodeJS.Signals | null): void => {
          done();
          resolve({ code, signal, stdout: '', stderr: '' });
        };
        const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
        child.on('message', answer).on('exit', died);
        child.send({ id, args }, (error) => {
          if (error === null) return;
          done();
          reject(error);
        });
      });
    },
    close: async () => {
      await starts;
      await end();
    },
  };
}
