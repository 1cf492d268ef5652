import { spawn, type ChildProcess } from 'node:child_process';
import { openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Activities } from '../../src/contract/activity-types';
import type { Answer, Failure, Order } from './engine-process';

/** An activity that failed in a process that lives. */
export class ActivityFailed extends Error {
  constructor(
    readonly activity: string,
    readonly failure: Failure,
  ) {
    super(`${activity}: ${failure.sentence}`);
  }
}

export interface Hand {
  readonly child: ChildProcess;
}

/** Processes that do activities; who dies or is silent for too long has its work given to another, and may come back from it. */
export interface Processes {
  hands(): readonly Hand[];
  /** A fresh process beside the others. */
  another(): void;
  /** Resolves when a process has ended what was taken from it, or is gone; after a while anyway. */
  leftOver(hand: Hand): Promise<void>;
  /** The process that does this activity now. */
  doing(activity: keyof Activities): Hand | null;
  /** Tries until it succeeds, `tries` times at most, for an activity that fails in a living process. */
  call<A extends keyof Activities>(
    activity: A,
    args: Parameters<Activities[A]>,
    tries?: number,
  ): Promise<Awaited<ReturnType<Activities[A]>>>;
  close(): Promise<void>;
}

interface Process extends Hand {
  seen: number;
  /** Orders that it has not answered, also those that were taken from it. */
  readonly unanswered: Set<number>;
  readonly work: Map<number, { readonly activity: string; settle: (answer: Answer | null) => void }>;
}

/** As a heartbeat timeout, only shorter. */
const silenceMs = 1_500;
/** The longest a process goes on with what was taken from it, and some. */
const leftOverMs = 8_000;
const root = resolve(__dirname, '../..');

export function openProcesses(options: {
  readonly size: number;
  readonly env: NodeJS.ProcessEnv;
  readonly log: string;
  readonly say: (line: string) => void;
  /** How long a process that comes back goes on with work that was taken from it. */
  readonly zombieMs: () => number;
}): Processes {
  const log = openSync(options.log, 'a');
  const processes = new Set<Process>();
  let ids = 0;
  let closing = false;

  const another = (): void => {
    const hook = ['--enable-source-maps', '--require', join(root, 'scripts', 'typescript-hook.cjs')];
    const child = spawn(process.execPath, [...hook, join(__dirname, 'engine-process.ts')], {
      env: options.env,
      stdio: ['ignore', log, log, 'ipc'],
    });
    const one: Process = { child, seen: 0, unanswered: new Set(), work: new Map() };
    processes.add(one);
    child.on('message', (answer: Answer) => {
      one.seen = performance.now();
      if (!('id' in answer)) return;
      one.unanswered.delete(answer.id);
      one.work.get(answer.id)?.settle(answer);
    });
    child.on('error', () => undefined);
    child.on('exit', () => {
      processes.delete(one);
      for (const { settle } of [...one.work.values()]) settle(null);
    });
  };
  const watch = setInterval(() => {
    for (const one of processes) {
      if (one.seen === 0 || performance.now() - one.seen < silenceMs) continue;
      for (const [id, { settle }] of [...one.work]) {
        send(one, { cancel: id, afterMs: options.zombieMs() });
        settle(null);
      }
    }
  }, 100);
  const send = (one: Process, order: Order): void => {
    if (one.child.connected) one.child.send(order, () => undefined);
  };
  const free = async (): Promise<Process> => {
    for (;;) {
      if (closing) throw new Error('The processes is gone.');
      const awake = [...processes].filter(({ seen }) => performance.now() - seen < 700 && seen > 0);
      const chosen = awake.sort((a, b) => a.work.size - b.work.size)[0];
      if (chosen !== undefined) return chosen;
      await sleep(20);
    }
  };
  for (let n = 0; n < options.size; n += 1) another();
  return {
    hands: () => [...processes],
    another,
    leftOver: async (hand) => {
      const one = [...processes].find((process) => process === hand);
      if (one === undefined) return;
      const taken = [...one.unanswered].filter((id) => !one.work.has(id));
      for (let left = leftOverMs; left > 0 && processes.has(one); left -= 20) {
        if (!taken.some((id) => one.unanswered.has(id))) return;
        await sleep(20);
      }
    },
    doing: (activity) =>
      [...processes].find(({ work }) => [...work.values()].some((one) => one.activity === activity)) ?? null,
    call: async (activity, args, tries = 12) => {
      for (let failures = 0; ;) {
        const one = await free();
        const id = (ids += 1);
        const began = performance.now();
        const answer = await new Promise<Answer | null>((done) => {
          const settle = (given: Answer | null): void => {
            one.work.delete(id);
            done(given);
          };
          one.work.set(id, { activity, settle });
          one.unanswered.add(id);
          send(one, { id, activity, args });
        });
        if (answer !== null && 'result' in answer) {
          const seconds = (performance.now() - began) / 1_000;
          if (seconds > 1) options.say(`${activity} took ${seconds.toFixed(1)} s`);
          return answer.result as never;
        }
        if (answer === null || !('error' in answer)) {
          options.say(`${activity} is given to another process`);
          continue;
        }
        options.say(`${activity}: ${answer.error.code} ${answer.error.sentence}`);
        failures += 1;
        if (failures >= tries || hopeless.has(answer.error.code)) throw new ActivityFailed(activity, answer.error);
        await sleep(Math.min(500, 100 * 2 ** failures));
      }
    },
    close: async () => {
      closing = true;
      clearInterval(watch);
      const left = [...processes];
      await Promise.all(
        left.map(
          ({ child }) =>
            new Promise<void>((done) => {
              child.once('exit', () => done());
              child.kill('SIGKILL');
            }),
        ),
      );
    },
  };
}

/** A apply lease that was stopped by name stays so, and a side that is not what was proved. */
const hopeless = new Set(['RP5402', 'RP5451', 'RP5452']);
