import { setTimeout as sleep } from 'node:timers/promises';
import type { Hand } from './processes';
import type { TestTemporal } from '../support/temporal';
import type { Chance } from './chance';
import { connected } from './oracle';
import type { Servers } from './servers';

/** Breaks things that the stress test itself started: workers, backends, its own servers. */
export interface Nemesis {
  /** What it did, with seconds since its start. */
  readonly disturbances: readonly string[];
  /** One disturbance now, by chance. `moment`: what it was meant for. */
  strike(only?: readonly Disturbance[], moment?: string): Promise<void>;
  /** Strikes at random moments until `rest`. */
  haunt(strikes: number): void;
  /** No more disturbances; resumes what is stopped and brings back what is down. */
  rest(): Promise<void>;
}

export type Disturbance =
  | 'kill worker'
  | 'pause worker'
  | 'terminate on source'
  | 'terminate on target'
  | 'restart source'
  | 'restart target'
  | 'restart Temporal'
  | 'zombie round'
  | 'kill writing'
  | 'change behind'
  | 'withhold commits'
  | 'DDL on source'
  | 'DDL on target'
  | 'DDL on source: detach'
  | 'DDL on target: rewrite'
  | 'DDL on target: rows vanish';

export interface Victims {
  readonly chance: Chance;
  readonly database: string;
  readonly servers: Servers;
  readonly temporal: TestTemporal | null;
  readonly workers: () => readonly Hand[];
  /** Replaces a worker that was killed. */
  readonly another: () => void;
  /** Deeds that need to know which process does what. */
  readonly ambushes: Partial<Readonly<Record<Disturbance, () => Promise<string>>>>;
  readonly longPauses: boolean;
  readonly weights?: Partial<Readonly<Record<Disturbance, number>>>;
}

const usual: Readonly<Record<Disturbance, number>> = {
  'kill worker': 2,
  'pause worker': 3,
  'terminate on source': 4,
  'terminate on target': 4,
  'restart source': 1,
  'restart target': 1.5,
  'restart Temporal': 1.5,
  'zombie round': 0,
  'kill writing': 0,
  'change behind': 0,
  'withhold commits': 0,
  'DDL on source': 1.5,
  'DDL on target': 1.5,
  'DDL on source: detach': 0,
  'DDL on target: rewrite': 0,
  'DDL on target: rows vanish': 0,
};

export function createNemesis(victims: Victims): Nemesis {
  const { chance, servers } = victims;
  const began = performance.now();
  const disturbances: string[] = [];
  const paused = new Set<Hand>();
  const resumptions: Promise<void>[] = [];
  let resting = false;
  let haunting = Promise.resolve();
  let busy = Promise.resolve();

  const resume = (worker: Hand): void => {
    if (paused.delete(worker)) worker.child.kill('SIGCONT');
  };
  const terminate = async (which: 'source' | 'target'): Promise<void> => {
    // one of them or all: a transaction may lose its connection while another of the same process goes on
    const all = chance.in(0.3);
    const statement = `select pg_terminate_backend(pid) from (
      select pid from pg_stat_activity where datname = current_database() and application_name like 'rowproof%'
      order by md5(pid::text || $1) limit $2) chosen`;
    const choice = [String(chance.int(1, 1e6)), all ? 100 : 1];
    await connected(servers[which].url(victims.database), async (client) => {
      let ended = 0;
      // between two activities there is none for a moment
      for (let tries = 0; ended === 0 && tries < 20 && !resting; tries += 1) {
        ended = (await client.query(statement, choice)).rowCount ?? 0;
        if (ended === 0) await sleep(50);
      }
      if (ended !== 1) disturbances.push(`(${ended} sessions)`);
    }).catch(() => undefined);
  };
  const lie = async (disturbance: Disturbance): Promise<void> => {
    const said = await victims.ambushes[disturbance]?.().catch((error: unknown) => String(error));
    if (said !== undefined) disturbances.push(`(${said})`);
  };
  const done: Readonly<Record<Disturbance, () => Promise<void>>> = {
    'kill worker': async () => {
      const running = victims.workers();
      if (running.length === 0) return;
      chance.pick(running).child.kill('SIGKILL');
      await sleep(chance.int(0, 1_000));
      victims.another();
    },
    'pause worker': () => {
      const running = victims.workers().filter((worker) => !paused.has(worker));
      // somebody has to go on
      if (running.length < 2) {
        disturbances.push('(nobody to spare)');
        return Promise.resolve();
      }
      const worker = chance.pick(running);
      worker.child.kill('SIGSTOP');
      paused.add(worker);
      // short of a heartbeat timeout, or long enough that its work is given to another
      const inPlace = !victims.longPauses || chance.in(0.6) ? chance.int(200, 4_000) : chance.int(21_000, 35_000);
      if (inPlace > 20_000) disturbances.push('(past its heartbeat)');
      resumptions.push(
        (async () => {
          for (let left = inPlace; left > 0 && !resting; left -= 100) await sleep(100);
          resume(worker);
        })(),
      );
      return Promise.resolve();
    },
    'terminate on source': () => terminate('source'),
    'terminate on target': () => terminate('target'),
    'restart source': () => servers.source.restart(chance.pick(['fast', 'immediate']), chance.int(0, 1_500)),
    'restart target': () => servers.target.restart(chance.pick(['fast', 'immediate']), chance.int(0, 1_500)),
    'restart Temporal': async () => {
      if (victims.temporal === null) return;
      await victims.temporal.kill();
      await victims.temporal.restart();
    },
    'zombie round': () => lie('zombie round'),
    'kill writing': () => lie('kill writing'),
    'change behind': () => lie('change behind'),
    'withhold commits': () => lie('withhold commits'),
    'DDL on source': () => lie('DDL on source'),
    'DDL on target': () => lie('DDL on target'),
    'DDL on source: detach': () => lie('DDL on source: detach'),
    'DDL on target: rewrite': () => lie('DDL on target: rewrite'),
    'DDL on target: rows vanish': () => lie('DDL on target: rows vanish'),
  };
  const strike = (only?: readonly Disturbance[], moment = ''): Promise<void> => {
    const weights = { ...usual, ...victims.weights };
    const disturbance = only === undefined ? chance.weighted(weights) : chance.pick(only);
    busy = busy.then(async () => {
      if (resting) return;
      const at = `${((performance.now() - began) / 1_000).toFixed(1)}s`;
      disturbances.push([at, moment, disturbance].filter(Boolean).join(' '));
      await done[disturbance]();
    });
    return busy;
  };
  return {
    disturbances,
    strike,
    haunt: (strikes) => {
      haunting = (async () => {
        for (let left = strikes; left > 0 && !resting; left -= 1) {
          for (let wait = chance.int(200, 7_000); wait > 0 && !resting; wait -= 100) await sleep(100);
          if (!resting) await strike();
        }
      })();
    },
    rest: async () => {
      resting = true;
      await haunting;
      await busy;
      for (const worker of [...paused]) resume(worker);
      await Promise.all(resumptions);
    },
  };
}
