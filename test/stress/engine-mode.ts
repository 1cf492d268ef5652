import { join } from 'node:path';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openFolder } from '../support/open-folder';
import { changeBehind, killWriting, withholdCommits, zombie } from './ambush';
import type { Chance } from './chance';
import { changeSource, changeTarget, detachOnSource, rewriteOnTarget, vanishOnTarget } from './ddl';
import { openProcesses, type Processes } from './processes';
import { runEngines } from './engine-schedule';
import type { Nemesis } from './nemesis';
import type { Flight } from './pilot';
import { play, type Capture, type Scenario } from './scenario';
import type { Place } from './servers';

export interface EngineMode {
  readonly processes: Processes;
  readonly logFile: string;
  fly(options: {
    readonly chance: Chance;
    readonly nemesis: Nemesis;
    readonly patienceMs: number;
    readonly strikes: number;
    /** No transaction stays open for long any more. */
    readonly hurry: () => void;
    /** Clients make a pause. */
    readonly rest: () => void;
    readonly goOn: () => void;
    /** Clients end. */
    readonly hush: () => Promise<void>;
  }): Promise<Flight>;
  close(): Promise<void>;
}

/** Processes of activities, and a course that drives them, over the databases of `place`. */
export function openEngineMode(
  place: Place,
  plan: string,
  {
    capture,
    fault,
    scenario,
  }: { readonly capture: Capture; readonly fault: string | null; readonly scenario: Scenario | null },
  chance: Chance,
): EngineMode {
  const folder = openFolder('rowproof-engines-');
  const logFile = join(folder, 'processes.log');
  mkdirSync(join(folder, 'plans'));
  writeFileSync(join(folder, 'plans', 'stress.yaml'), plan);
  const began = performance.now();
  const lines: string[] = [];
  const log = {
    lines,
    say: (line: string) => void lines.push(`${((performance.now() - began) / 1_000).toFixed(1)}s ${line}`),
  };
  const processes = openProcesses({
    size: 2,
    log: logFile,
    env: {
      ...process.env,
      STRESS_SOURCE_URL: place.mover.source,
      STRESS_TARGET_URL: place.mover.target,
      STRESS_PLANS: join(folder, 'plans'),
      ...(fault === null ? {} : { STRESS_FAULT: fault }),
    },
    say: log.say,
    // one that came back on purpose has the time to do its worst
    zombieMs: () => (scenario === null ? chance.int(500, 2_000) : 5_000),
  });
  return {
    processes,
    logFile,
    fly: async ({ chance: pilot, nemesis, patienceMs, strikes, hurry, rest, goOn, hush }) => {
      const played = scenario === null ? null : play(scenario, { place, processes, capture, nemesis, rest, goOn });
      try {
        return await runEngines({
          processes,
          log,
          patienceMs,
          followMs: scenario === null ? pilot.int(200, 1_500) : 0,
          drills: scenario === null && pilot.in(0.3) ? 1 : 0,
          proveWhileFollowing: scenario === null && pilot.in(0.15),
          did: (disturbance) => nemesis.disturbances.some((one) => one.includes(disturbance)),
          captured: () => played?.captured(),
          following: async () => played?.following(),
          approving: async () => {
            hurry();
            await played?.approving();
            if (strikes > 0 && scenario === null && pilot.in(0.6)) {
              const wait = pilot.int(0, 1_500);
              void sleep(wait).then(() => nemesis.strike());
            }
          },
          opened: async () => played?.opened(),
          refuted: async () => {
            await played?.end();
            await hush();
          },
        });
      } finally {
        await played?.end();
      }
    },
    close: async () => {
      await processes.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Deeds that only this mode can do: it knows which process does what. */
export function ambushes(place: Place, processes: Processes, chance: Chance) {
  return {
    'zombie round': () => zombie(place, processes),
    'kill writing': () => killWriting(place, processes),
    'change behind': () => changeBehind(place, processes),
    'withhold commits': () => withholdCommits(place, chance.int(1_200, 2_500)),
    'DDL on source': () => changeSource(place, chance),
    'DDL on target': () => changeTarget(place, chance, true),
    'DDL on source: detach': () => detachOnSource(place),
    'DDL on target: rewrite': () => rewriteOnTarget(place),
    'DDL on target: rows vanish': () => vanishOnTarget(place),
  };
}

/** Restarts take longer than anything else here: they are rare. */
export const engineWeights = {
  'restart Temporal': 0,
  'restart source': 0.4,
  'restart target': 0.6,
  'zombie round': 3,
  'kill writing': 2,
  'change behind': 1,
  'withhold commits': 2,
  'DDL on source': 2,
  'DDL on target': 2,
};
