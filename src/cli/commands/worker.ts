import { resolve } from 'node:path';
import type { WorkerRole } from '../../worker/run-worker';
import { wholeNumber } from '../number-option';
import { connectTemporal } from '../temporal';
import type { CommandResult, Terminal } from '../terminal';
import { drain } from './drain';

export interface WorkerCommandOptions {
  readonly role: WorkerRole;
  readonly slots: string;
  readonly controlSlots: string;
  readonly taskQueue: string;
  readonly plans?: string;
  readonly metrics?: string;
  readonly logLevel: string;
  readonly idle?: string;
  readonly unversioned?: boolean;
  readonly makeCurrent?: boolean;
  readonly drain?: boolean;
  readonly build?: string;
  readonly wait?: boolean;
}

/** Polls until it is told to stop; with `drain` says whether workers of a build may stop. */
export async function worker(terminal: Terminal, options: WorkerCommandOptions): Promise<CommandResult> {
  if (options.drain === true) return drain(terminal, options);
  const { runWorker } = await import('../../worker/run-worker');
  await (await connectTemporal(terminal, { start: false })).close();
  await runWorker({
    role: options.role,
    copySlots: wholeNumber('--slots', options.slots, 1, 64),
    controlSlots: wholeNumber('--control-slots', options.controlSlots, 4, 256),
    taskQueue: options.taskQueue,
    plansFolder: options.plans === undefined ? null : resolve(terminal.cwd, options.plans),
    metrics: options.metrics ?? null,
    logLevel: options.logLevel,
    unversioned: options.unversioned === true,
    makeCurrent: options.makeCurrent === true,
    idleSeconds: options.idle === undefined ? null : wholeNumber('--idle', options.idle, 1),
  });
  return { data: { stopped: true }, text: '' };
}
