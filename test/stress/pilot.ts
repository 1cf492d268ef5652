import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { RunStatus } from '../../src/contract/run';
import { captureBlock } from '../../src/progress/follow-view';
import type { Workbench } from '../support/workbench';
import type { Chance } from './chance';

/** An operator who wants the cutover: approves gates, retries what is blocked, starts a failed run again. */
export interface Flight {
  /**
   * complete: the target is open. refuted: the run's own proof found differences, and what is on both sides does not change any more.
   * stuck: it did not come to an end in time. failed: it ended otherwise and would not go on.
   */
  readonly outcome: 'complete' | 'refuted' | 'stuck' | 'failed';
  readonly sentence: string;
  /** What the operator saw and did, in order. */
  readonly log: readonly string[];
  readonly run: string;
}

export interface PilotOptions {
  readonly bench: Workbench;
  readonly address: string;
  readonly namespace: string;
  readonly plan: string;
  readonly chance: Chance;
  readonly patienceMs: number;
  /** Milliseconds that the run stays in delta before the cutover is approved. */
  readonly followMs: number;
  /** Drills asked for before. */
  readonly drills: number;
  /** Before the approval of the cutover is sent. */
  readonly approving: (run: string) => Promise<void> | void;
  /** Every look at the run. */
  readonly seen?: (status: RunStatus) => void;
  /** What a run that does not end waits for. */
  readonly whatHangs?: (temporal: Client) => Promise<string[]>;
}

const retries = 6;

export async function fly(options: PilotOptions): Promise<Flight> {
  const { bench, chance } = options;
  const began = performance.now();
  const log: string[] = [];
  const say = (line: string): void => {
    const text = line.replaceAll('\n', ' ');
    if (log.at(-1)?.endsWith(text) !== true) log.push(`${((performance.now() - began) / 1_000).toFixed(1)}s ${text}`);
  };
  const late = (): boolean => performance.now() - began > options.patienceMs;
  const connection = Connection.lazy({ address: options.address });
  const temporal = new Client({ connection, namespace: options.namespace });
  const who = { by: 'ben', reason: 'stress' };
  let run = '';
  let gateSince: number | null = null;
  let drills = options.drills;
  const start = async (): Promise<string | null> => {
    const result = await bench.rowproof('run', options.plan, '--detach', '--output', 'json');
    // a refusal is a document as well
    const begun = /^\s*\{/.test(result.stdout) ? (JSON.parse(result.stdout) as { run?: string }).run : undefined;
    if (begun === undefined) return `${result.stderr}${result.stdout}`.trim().slice(-1_500);
    run = begun;
    return null;
  };
  const tell = async (update: string, message: unknown): Promise<void> => {
    say(`${update} ${JSON.stringify(message)}`);
    const answer = await temporal.connection.withDeadline(Date.now() + 30_000, () =>
      temporal.workflow.getHandle(run).executeUpdate<string, [unknown]>(update, { args: [message] }),
    );
    say(`→ ${answer}`);
  };
  const attend = async (status: RunStatus): Promise<void> => {
    options.seen?.(status);
    say(`${status.phase} ${status.state}: ${status.sentence}`);
    const capture = status.blocked.some(({ what }) => what === captureBlock);
    if (capture) await tell('resolve', { what: captureBlock, do: 'resync', ...who });
    else if (status.blocked.length > 0) await tell('resolve', { what: '*', do: 'retry', ...who });
    if (status.gate === null) return;
    gateSince ??= performance.now();
    if (status.gate === 'cutover') {
      if (performance.now() - gateSince < options.followMs) return;
      if (drills > 0) {
        drills -= 1;
        await tell('drill', who);
        return;
      }
      await options.approving(run);
    }
    await tell('approve', { gate: status.gate, code: status.code, ...who });
  };
  try {
    let failures = 0;
    for (;;) {
      const refused = await start();
      if (refused !== null) {
        say(`rowproof run: ${refused}`);
        if ((failures += 1) > retries || late()) return { outcome: 'failed', sentence: refused, log, run };
        await sleep(1_000);
        continue;
      }
      const handle = temporal.workflow.getHandle(run);
      for (;;) {
        if (late()) {
          const sentence = log.at(-1) ?? '';
          log.push(...((await options.whatHangs?.(temporal)) ?? []));
          return { outcome: 'stuck', sentence, log, run };
        }
        try {
          const { status } = await connection.withDeadline(Date.now() + 5_000, () => handle.describe());
          if (status.name !== 'RUNNING') break;
          await attend(await connection.withDeadline(Date.now() + 8_000, () => handle.query<RunStatus>('status')));
        } catch (error) {
          say(`(${wordsOf(error)})`);
        }
        // every look is a task for a worker
        await sleep(chance.int(300, 800));
      }
      try {
        const result = (await handle.result()) as { outcome: string; verdict: string };
        say(result.verdict);
        return { outcome: 'complete', sentence: result.verdict, log, run };
      } catch (error) {
        const sentence = deepest(error);
        say(`ended: ${sentence}`);
        if ((failures += 1) > retries) return { outcome: 'failed', sentence, log, run };
      }
    }
  } finally {
    await connection.close().catch(() => undefined);
  }
}

/** What a call to Temporal failed with: the SDK's sentence and the server's. */
function wordsOf(error: unknown): string {
  const last = deepest(error);
  const first = error instanceof Error ? error.message : String(error);
  return first === last ? first : `${first}: ${last}`;
}

function deepest(error: unknown): string {
  let last = error;
  while (last instanceof Error && last.cause !== undefined) last = last.cause;
  return last instanceof Error ? last.message : String(last);
}
