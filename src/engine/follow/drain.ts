import type { RunRef } from '../../contract/run';
import { fail } from '../../errors/rowproof-error';
import { describeDatabaseError } from '../../postgres/sqlstate';
import { LaneHolder } from './apply-lease';
import { runRound, type RoundOutcome } from './run-round';
import type { ActivityHost } from '../../../activities/temporal-host';

export interface Drained {
  /** Rounds it took, and keys they applied. */
  readonly rounds: number;
  readonly keys: number;
  /** Number of the last committed round. */
  readonly round: number;
}

/**
 * Rounds until one whose snapshots were taken after the call began leaves nothing behind. `beat` is called between rounds and may
 * raise to stop it. Whoever keeps a lock on the target from it for longer than `lockMs` (null: as the plan says) is ended where the
 * ledger records him as holder of a lane; RP5404 when the lock stays taken.
 */
export async function drain(
  host: ActivityHost,
  ref: RunRef,
  beat: () => void,
  lockMs: number | null = null,
): Promise<Drained> {
  const holder = await LaneHolder.open(host, ref, 'drain', 0, lockMs);
  let succeeded = false;
  try {
    const { roundKeys } = holder.run.compiled.plan.settings.delta;
    let rounds = 0;
    let keys = 0;
    for (;;) {
      const outcome = await roundAgainstHolders(holder, roundKeys, beat);
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

/** Locks that were not got before the drain gives up. */
const mostMissed = 8;

async function roundAgainstHolders(holder: LaneHolder, limit: number, beat: () => void): Promise<RoundOutcome> {
  for (let missed = 1; ; missed += 1) {
    try {
      return await runRound(holder, { limit, beat });
    } catch (error) {
      if (holder.target.closed || describeDatabaseError(error).sqlstate !== '55P03') throw error;
      const { run } = holder.run;
      if (missed >= mostMissed)
        throw fail('RP5404', `A lock that following ${run} needs stays taken`, {
          where: { object: run },
          cause: error,
        });
    }
    beat();
    await holder.endOthers();
  }
}
