import type { RunRef } from '../../contract/run';
import { fail } from '../../errors/rowproof-error';
import { LeaseHolder } from './apply-lease';
import { runRound, type RoundOutcome } from './run-round';
import type { Host } from '../host';
import { takeFromHolder } from '../take-from-holder';

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
 * ledger records him as holder of an apply lease; RP5404 when the lock stays taken.
 */
export async function drain(
  host: Host,
  ref: RunRef,
  heartbeat: () => void,
  lockMs: number | null = null,
): Promise<Drained> {
  const holder = await LeaseHolder.open(host, ref, 'drain', 0, lockMs);
  let succeeded = false;
  try {
    const { roundKeys } = holder.run.compiled.plan.settings.delta;
    let rounds = 0;
    let keys = 0;
    for (;;) {
      const outcome = await roundAgainstHolders(holder, roundKeys, heartbeat);
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
const maxMissed = 8;

function roundAgainstHolders(holder: LeaseHolder, limit: number, heartbeat: () => void): Promise<RoundOutcome> {
  const { run } = holder.run;
  const taking = {
    holders: () => Promise.resolve([]),
    endHolders: () => holder.endOthers(),
    attempts: maxMissed,
    heartbeat,
    gaveUp: (cause: unknown) =>
      fail('RP5404', `A lock that following ${run} needs stays taken`, { where: { object: run }, cause }),
  };
  return takeFromHolder(holder.target, taking, () => runRound(holder, { limit, heartbeat }));
}
