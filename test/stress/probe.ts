import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

/** One try to write, with a statement that changes no row but fires every statement trigger. Times of performance.now(). */
interface Try {
  readonly side: 'source' | 'target';
  readonly began: number;
  readonly ended: number;
  readonly accepted: boolean;
}

/** Tries all the time whether a side takes writes. */
export interface Probe {
  /** Sentences about instants at which both sides took writes, or a side opened too early. */
  stop(): Promise<string[]>;
  readonly tries: readonly Try[];
}

const statements = {
  source: `update public.account set v = v where false`,
  target: `update app.account set v = v where false`,
};

export function startProbe(urls: Readonly<Record<'source' | 'target', string>>): Probe {
  const tries: Try[] = [];
  let stopped = false;
  const run = async (side: 'source' | 'target'): Promise<void> => {
    let client: Client | null = null;
    while (!stopped) {
      const began = performance.now();
      try {
        if (client === null) {
          client = new Client({ connectionString: urls[side], application_name: 'stress probe' });
          client.on('error', () => undefined);
          await client.connect();
          await client.query(`set lock_timeout = '2s'`);
        }
        await client.query(statements[side]);
        tries.push({ side, began, ended: performance.now(), accepted: true });
      } catch (error) {
        const code = (error as { code?: string }).code ?? '';
        if (!/^[0-9A-Z]{5}$/.test(code) || /^(57P|08)/.test(code)) {
          await client?.end().catch(() => undefined);
          client = null;
        } else if (code !== '55P03') tries.push({ side, began, ended: performance.now(), accepted: false });
      }
      await sleep(25);
    }
    await client?.end().catch(() => undefined);
  };
  const ended = Promise.all([run('source'), run('target')]);
  return {
    tries,
    stop: async () => {
      stopped = true;
      await ended;
      return evaluate(tries);
    },
  };
}

/** Once the target was seen open after it was guarded, the source must never have taken a write that began later. */
export function evaluate(tries: readonly Try[]): string[] {
  const guarded = tries.find(({ side, accepted }) => side === 'target' && !accepted);
  if (guarded === undefined) return [];
  const opened = tries.find(({ side, accepted, began }) => side === 'target' && accepted && began > guarded.began);
  if (opened === undefined) return [];
  const late = tries.filter(({ side, accepted, began }) => side === 'source' && accepted && began > opened.ended);
  return late.length === 0 ? [] : [`The source took ${late.length} writes after the target was open.`];
}
