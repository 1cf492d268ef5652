import { setTimeout as sleep } from 'node:timers/promises';
import type { Phase, RunStatus } from '../../src/contract/run';
import type { Chance } from './chance';

/** What an operator can see of a run, and so a nemesis; `approved`: right before the word of approval, `opening`: the freeze stands. */
export type Moment = Phase | 'approved' | 'opening';

const followed: readonly Moment[] = [
  'discovery',
  'prepare',
  'capture',
  'copy',
  'delta',
  'settle',
  'finish',
  'proof',
  'cutover',
  'approved',
  'opening',
];
const frozenFirst: readonly Moment[] = [
  'discovery',
  'freeze',
  'prepare',
  'copy',
  'settle',
  'finish',
  'proof',
  'cutover',
  'approved',
  'opening',
];

/** How often a disturbance is meant for a moment: as far as the moment is long, and twice as often where it is delicate. */
const weights: Partial<Readonly<Record<Moment, number>>> = { copy: 2, delta: 2, proof: 2, approved: 4, opening: 2 };

export interface Moments {
  /** The run was seen there: disturbances meant for it, or for a moment that went by unseen, are done after their delay. */
  reached(moment: Moment): void;
  /** No more of them; resolves when none is under way. */
  rest(): Promise<void>;
}

/** Chooses `strikes` moments beforehand: the seed says where it hurts, not the speed of the machine. */
export function chooseMoments(
  chance: Chance,
  strikes: number,
  frozen: boolean,
  strike: (moment: Moment) => Promise<void>,
): Moments {
  const order = frozen ? frozenFirst : followed;
  const weighted = Object.fromEntries(order.map((moment) => [moment, weights[moment] ?? 1])) as Record<Moment, number>;
  let left = Array.from({ length: strikes }, () => {
    const moment = chance.weighted(weighted);
    return { at: order.indexOf(moment), moment, delayMs: chance.int(0, moment === 'approved' ? 4_000 : 1_500) };
  });
  let resting = false;
  const begun: Promise<void>[] = [];
  const later = async (moment: Moment, delayMs: number): Promise<void> => {
    for (let wait = delayMs; wait > 0 && !resting; wait -= 50) await sleep(50);
    if (!resting) await strike(moment);
  };
  return {
    reached: (moment) => {
      const now = order.indexOf(moment);
      const due = left.filter(({ at }) => at <= now);
      left = left.filter(({ at }) => at > now);
      for (const one of due) begun.push(later(one.moment, one.delayMs));
    },
    rest: async () => {
      resting = true;
      await Promise.all(begun);
    },
  };
}

export function momentOf(status: RunStatus): Moment {
  return status.phase === 'cutover' && /^(opening the target|the target is open)/.test(status.sentence)
    ? 'opening'
    : status.phase;
}
