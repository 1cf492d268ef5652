import { resolve } from 'node:path';
import type { WorkerRole } from '../../worker/run-worker';
import { connectTemporal } from '../temporal';
import type { CommandResult, Terminal } from '../terminal';

export interface WorkerCommandOptions {
  readonly role: WorkerRole;
  readonly slots: string;
  readonly taskQueue: string;
  readonly plans?: string;
  readonly metrics?: string;
  readonly logLevel: string;
  readonly idle?: string;
}

/** Polls until it is told to stop. */
export async function worker(terminal: Terminal, options: WorkerCommandOptions): Promise<CommandResult> {
  const { runWorker } = await import('../../worker/run-worker');
  await (await connectTemporal(terminal, { start: false })).close();
  await runWorker({
    role: options.role,
    copySlots: Number(options.slots),
    taskQueue: options.taskQueue,
    plansFolder: options.plans === undefined ? null : resolve(terminal.cwd, options.plans),
    metrics: options.metrics ?? null,
    logLevel: options.logLevel,
    idleSeconds: options.idle === undefined ? null : Number(options.idle),
  });
  return { data: { stopped: true }, text: '' };
}
