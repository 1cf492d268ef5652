import type { RunRef } from '../src/contract/run';
import { LaneHolder } from './delta-lane';
import { runRound } from './delta-round';
import type { ActivityHost } from './host';

export interface Drained {
  /** Rounds it took, and keys they applied. */
  readonly rounds: number;
  readonly keys: number;
  /** Number of the last committed round. */
  readonly round: number;
}

/**
 * Rounds until one whose snapshots were taken after the call began leaves nothing behind. `beat` is called between rounds and may
 * raise to stop it.
 */
export async function drain(host: ActivityHost, ref: RunRef, beat: () => void): Promise<Drained> {
  const holder = await LaneHolder.open(host, ref, 'drain');
  let succeeded = false;
  try {
    const { roundKeys } = holder.run.compiled.plan.settings.delta;
    let rounds = 0;
    let keys = 0;
    for (;;) {
      const outcome = await runRound(holder, { limit: roundKeys, beat });
      rounds += 1;
      keys += outcome.keys;
      if (outcome.complete) {
        succeeded = true;
        return { rounds, keys, round: outcome.round };
      }
    }
  } catch (error) {
    holder.signal?.throwIfAborted();
    throw error;
  } finally {
    await holder.end(succeeded);
  }
}
