import { resolve } from 'node:path';
import { asyncLocalStorage } from '@temporalio/activity';
import type { createActivities } from '../../activities';
import type { Fault } from '../../src/engine/fault-injection';
import { binary } from '../support/workbench';

/** What the test asks for, and takes back when it gave the work to somebody else. */
export type Order =
  | { readonly id: number; readonly activity: string; readonly args: readonly unknown[] }
  | { readonly cancel: number; readonly afterMs: number };

export type Answer =
  | { readonly alive: true }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: Failure };

export interface Failure {
  readonly code: string;
  readonly sentence: string;
}

/** One process that does activities as a worker does them, without Temporal: the build that people run, and nothing else of it. */
async function main(): Promise<void> {
  const built = (await import(resolve(binary, '../../../activities/index.js'))) as {
    createActivities: typeof createActivities;
  };
  const { control, copy } = built.createActivities({
    env: process.env,
    plansFolder: process.env['STRESS_PLANS'] ?? null,
    workflowIsOpen: () => Promise.resolve(false),
    searchAttributes: false,
    fault: (process.env['STRESS_FAULT'] ?? null) as Fault | null,
    log: { info: () => undefined, warn: () => undefined },
  });
  const activities = { ...control, ...copy } as unknown as Record<
    string,
    (...args: readonly unknown[]) => Promise<unknown>
  >;
  const running = new Map<number, AbortController>();
  const say = (answer: Answer): void => void process.send?.(answer, () => undefined);
  process.on('message', (order: Order) => {
    if ('cancel' in order) {
      setTimeout(() => running.get(order.cancel)?.abort(new Error('CANCELLED')), order.afterMs);
      return;
    }
    const { id, activity, args } = order;
    const abort = new AbortController();
    running.set(id, abort);
    const context = { cancellationSignal: abort.signal, heartbeat: () => undefined, info: { attempt: 1 } };
    const work = async (): Promise<unknown> => activities[activity]?.(...args);
    asyncLocalStorage
      .run(context as never, work)
      .then(
        (result) => say({ id, result: result ?? null }),
        (error: unknown) => {
          process.stderr.write(`${new Date().toISOString()} ${activity}: ${depths(error)}\n`);
          say({ id, error: failureOf(error) });
        },
      )
      .finally(() => running.delete(id));
  });
  process.on('disconnect', () => process.exit(0));
  setInterval(() => say({ alive: true }), 150);
  say({ alive: true });
}

function depths(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.stack}${error.cause === undefined ? '' : `\n  because ${depths(error.cause)}`}`;
}

function failureOf(error: unknown): Failure {
  const { code = '', message } = error as { code?: string; message: string };
  return { code, sentence: message };
}

void main();
