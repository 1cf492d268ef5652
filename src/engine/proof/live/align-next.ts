import { setTimeout as rest } from 'node:timers/promises';
import type { RunRef } from '../../../contract/run';
import { waitForTurn } from '../../../postgres/queries/proof/snapshot';
import type { Alignment } from '../../follow/round-contract';
import type { ProofHost } from '../proof-host';
import { align } from '../../follow/align';
import { isLeaseLost } from '../../../errors/error-kinds';

/** What takes the apply lease away from an alignment under way (a cutover, an operator's check) is over in seconds. */
const attempts = 40;
const pauseMs = 250;

/**
 * Takes an alignment after those that others wait for: several tables are proved side by side, and whoever takes the apply lease in the
 * middle of another one's round undoes that round. Tries again when somebody else took it.
 */
export async function alignSerially(host: ProofHost, ref: RunRef, purpose: string): Promise<Alignment> {
  // its end is the end of the turn
  const turn = await host.databases.ledger(ref, `wait to ${purpose}`);
  try {
    while (!(await waitForTurn(turn, ref.run))) host.signal?.()?.throwIfAborted();
    for (let tried = 1; ; tried += 1) {
      host.signal?.()?.throwIfAborted();
      try {
        return await (host.align ?? align)(host, ref, purpose);
      } catch (error) {
        if (!isLeaseLost(error) || tried === attempts) throw error;
      }
      await rest(pauseMs);
    }
  } finally {
    await turn.close();
  }
}
