import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

/** How long one application waited, by what the run did meanwhile. */
export interface Waits {
  readonly during: string;
  readonly updates: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** A client that updates one row of its own every 5 ms, until the source refuses it. */
export function startLatencyProbe(
  url: string,
  during: () => string,
): { stop(): Promise<readonly Waits[]>; readonly refused: () => boolean } {
  const samples = new Map<string, number[]>();
  const state = { stopped: false, refused: false };
  const run = async (): Promise<void> => {
    const client = new Client({ connectionString: url, application_name: 'latency probe' });
    client.on('error', () => undefined);
    await client.connect();
    while (!state.stopped && !state.refused) {
      const [began, phase] = [performance.now(), during()];
      try {
        await client.query('update public.pgbench_accounts set abalance = abalance + 1 where aid = 0');
      } catch {
        // the one that waits at the barrier and is refused then has waited longest
        state.refused = true;
      }
      const known = samples.get(phase) ?? [];
      known.push(performance.now() - began);
      samples.set(phase, known);
      await sleep(5);
    }
    await client.end();
  };
  const ended = run();
  return {
    refused: () => state.refused,
    stop: async () => {
      state.stopped = true;
      await ended;
      return [...samples].map(([phase, times]) => summary(phase, times));
    },
  };
}

function summary(during: string, times: number[]): Waits {
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? NaN;
  return { during, updates: times.length, p50: at(0.5), p99: at(0.99), max: times.at(-1) ?? NaN };
}
