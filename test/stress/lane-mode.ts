import { join } from 'node:path';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openFolder } from '../support/open-folder';
import { killWriting, withholdCommits, zombie } from './ambush';
import type { Chance } from './chance';
import { openCrew, type Crew } from './crew';
import { flyLanes } from './lane-course';
import type { Nemesis } from './nemesis';
import type { Flight } from './pilot';
import type { Place } from './servers';

/** What is done on purpose, so that a rule that is broken shows. */
export type Scenario = 'fence' | 'cursor' | 'gate' | 'lock';

export interface LaneMode {
  readonly crew: Crew;
  readonly logFile: string;
  fly(options: {
    readonly chance: Chance;
    readonly nemesis: Nemesis;
    readonly patienceMs: number;
    readonly scenario: Scenario | null;
    readonly strikes: number;
    /** No transaction stays open for long any more. */
    readonly hurry: () => void;
    /** Clients make a pause, so that nothing writes again what was written wrongly. */
    readonly rest: () => void;
    readonly goOn: () => void;
  }): Promise<Flight>;
  close(): Promise<void>;
}

/** Processes of activities, and a course that drives them, over the databases of `place`. */
export function openLaneMode(place: Place, plan: string, fault: string | null, chance: Chance): LaneMode {
  const folder = openFolder('rowproof-lanes-');
  const logFile = join(folder, 'processes.log');
  mkdirSync(join(folder, 'plans'));
  writeFileSync(join(folder, 'plans', 'stress.yaml'), plan);
  const began = performance.now();
  const lines: string[] = [];
  const log = {
    lines,
    say: (line: string) => void lines.push(`${((performance.now() - began) / 1_000).toFixed(1)}s ${line}`),
  };
  const crew = openCrew({
    size: 2,
    log: logFile,
    env: {
      ...process.env,
      STRESS_SOURCE_URL: place.mover.source,
      STRESS_TARGET_URL: place.mover.target,
      STRESS_PLANS: join(folder, 'plans'),
      ...(fault === null ? {} : { ROWPROOF_FAULT_INJECTION_BUILD: '1', ROWPROOF_FAULT: fault }),
    },
    say: log.say,
    zombieMs: () => chance.int(500, 2_000),
  });
  return {
    crew,
    logFile,
    fly: ({ chance: pilot, nemesis, patienceMs, scenario, strikes, hurry, rest, goOn }) =>
      flyLanes({
        crew,
        log,
        patienceMs,
        followMs: pilot.int(200, 1_500),
        drills: pilot.in(0.3) ? 1 : 0,
        proveWhileFollowing: pilot.in(0.15),
        following: async () => {
          for (let n = 0; n < 2; n += 1) {
            if (scenario === 'fence') await nemesis.strike(['zombie round']);
            if (scenario === 'cursor') await nemesis.strike(['kill writing']);
            if (scenario === 'gate') await nemesis.strike(['withhold commits']);
          }
          if (scenario === null || scenario === 'lock') return;
          rest();
          await sleep(700);
        },
        approving: () => {
          goOn();
          hurry();
          if (strikes > 0 && scenario === null && pilot.in(0.6)) {
            const wait = pilot.int(0, 1_500);
            void sleep(wait).then(() => nemesis.strike());
          }
          return Promise.resolve();
        },
      }),
    close: async () => {
      await crew.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Deeds that only this mode can do: it knows which process does what. */
export function ambushes(place: Place, crew: Crew, chance: Chance) {
  return {
    'zombie round': () => zombie(place, crew),
    'kill writing': () => killWriting(place, crew),
    'withhold commits': () => withholdCommits(place, chance.int(800, 2_000)),
  };
}

/** Restarts take longer than anything else here: they are rare. */
export const laneWeights = {
  'restart Temporal': 0,
  'restart source': 0.4,
  'restart target': 0.6,
  'zombie round': 3,
  'kill writing': 2,
  'withhold commits': 2,
};
