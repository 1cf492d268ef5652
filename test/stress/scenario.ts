import { setTimeout as sleep } from 'node:timers/promises';
import { stopRound, type StoppedRound } from './ambush';
import { addProbeRows, type ProbeRows } from './probe-rows';
import type { Processes } from './processes';
import type { Disturbance, Nemesis } from './nemesis';
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
  readonly processes: Processes;
  readonly capture: Capture;
  readonly nemesis: Nemesis;
  /** Clients make a pause. */
  readonly rest: () => void;
  readonly goOn: () => void;
}

/** Done while rounds go on and the clients rest: what becomes of the probe rows is put down to this disturbance alone. */
function disturbanceOf(scenario: Scenario, capture: Capture): Disturbance | null {
  if (scenario === 'fence') return 'zombie round';
  if (scenario === 'cursor') return 'kill writing';
  if (scenario === 'gate') return capture === 'logical' ? 'withhold commits' : 'change behind';
  return null;
}

/** Done after the proof, right before the cutover. */
const lastDisturbances: Partial<Readonly<Record<Scenario, Disturbance>>> = {
  link: 'DDL on source: detach',
  identity: 'DDL on target: rewrite',
  books: 'DDL on target: rows vanish',
};

export function play(scenario: Scenario, { place, processes, capture, nemesis, rest, goOn }: Stage): Play {
  let probeRows: ProbeRows | null = null;
  let stopped: StoppedRound | null = null;
  const end = async (): Promise<void> => {
    await probeRows?.end();
    await stopped?.resume();
  };
  return {
    captured: () => {
      if (scenario !== 'first') return;
      rest();
      probeRows = addProbeRows(place, 'copy');
    },
    following: async () => {
      await probeRows?.end();
      const disturbance = disturbanceOf(scenario, capture);
      if (scenario === 'first') return;
      rest();
      await sleep(1_000);
      if (disturbance !== null) await nemesis.strike([disturbance]);
      if (scenario !== 'closed') return;
      stopped = await stopRound(place, processes);
      // it is one less of them until the target is open
      processes.another();
    },
    approving: async () => {
      const last = lastDisturbances[scenario];
      if (last !== undefined) await nemesis.strike([last]);
      // rows that were there before would be proved again under the barrier, and differ: new ones are in nobody's list
      if (scenario === 'lock') probeRows = addProbeRows(place, 'cutover', 0);
    },
    opened: async () => {
      // they have to meet the freeze
      goOn();
      await stopped?.resume();
    },
    end,
  };
}
