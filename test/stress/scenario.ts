import { setTimeout as sleep } from 'node:timers/promises';
import { stopRound, type StoppedRound } from './ambush';
import { layBait, type Bait } from './bait';
import type { Crew } from './crew';
import type { Deed, Nemesis } from './nemesis';
import type { Place } from './servers';

/** What is done on purpose, so that a rule that is broken shows. */
export type Scenario = 'fence' | 'closed' | 'gate' | 'cursor' | 'first' | 'lock' | 'link' | 'identity' | 'books';
export type Capture = 'triggers' | 'logical' | 'none';

/** What a scenario does at the moments of a course. */
export interface Play {
  /** As soon as the source is captured, before the copy. */
  captured(): void;
  /** While rounds go on, before the proof. */
  following(): Promise<void>;
  /** Right before the cutover. */
  approving(): Promise<void>;
  /** Right after the target was opened. */
  opened(): Promise<void>;
  /** Whatever is still on ends. */
  end(): Promise<void>;
}

export interface Stage {
  readonly place: Place;
  readonly crew: Crew;
  readonly capture: Capture;
  readonly nemesis: Nemesis;
  /** Clients make a pause. */
  readonly rest: () => void;
  readonly goOn: () => void;
}

/** Done while rounds go on and the clients rest: what becomes of the bait is put down to this deed alone. */
function deedOf(scenario: Scenario, capture: Capture): Deed | null {
  if (scenario === 'fence') return 'zombie round';
  if (scenario === 'cursor') return 'kill writing';
  if (scenario === 'gate') return capture === 'logical' ? 'withhold commits' : 'change behind';
  return null;
}

/** Done after the proof, right before the cutover. */
const lastDeeds: Partial<Readonly<Record<Scenario, Deed>>> = {
  link: 'DDL on source: detach',
  identity: 'DDL on target: rewrite',
  books: 'DDL on target: rows vanish',
};

export function play(scenario: Scenario, { place, crew, capture, nemesis, rest, goOn }: Stage): Play {
  let bait: Bait | null = null;
  let stopped: StoppedRound | null = null;
  const end = async (): Promise<void> => {
    await bait?.end();
    await stopped?.resume();
  };
  return {
    captured: () => {
      if (scenario !== 'first') return;
      rest();
      bait = layBait(place, 'copy');
    },
    following: async () => {
      await bait?.end();
      const deed = deedOf(scenario, capture);
      if (scenario === 'first') return;
      rest();
      await sleep(1_000);
      if (deed !== null) await nemesis.strike([deed]);
      if (scenario !== 'closed') return;
      stopped = await stopRound(place, crew);
      // it is one less of them until the target is open
      crew.another();
    },
    approving: async () => {
      const last = lastDeeds[scenario];
      if (last !== undefined) await nemesis.strike([last]);
      // rows that were there before would be proved again under the barrier, and differ: new ones are in nobody's list
      if (scenario === 'lock') bait = layBait(place, 'cutover', 0);
    },
    opened: async () => {
      // they have to meet the freeze
      goOn();
      await stopped?.resume();
    },
    end,
  };
}
