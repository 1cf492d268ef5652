import type { RunRef } from '../../contract/run';
import { drain } from '../follow/drain';
import { proveTouched, refreshProof, type TouchedProof } from '../proof/live/touched-keys';
import type { Host } from '../host';

/** What a cutover does by means of others. */
export interface CutoverSteps {
  /** Rounds until nothing is left of what was there when it was called. */
  readonly drain: (host: Host, ref: RunRef, heartbeat: () => void, lockMs?: number) => Promise<unknown>;
  /** The keys that changed since their proof, while rounds go on; leaves the last moments to the barrier. */
  readonly refreshProof: (host: Host, ref: RunRef) => Promise<TouchedProof>;
  /** The keys that changed since their proof, while nothing writes. */
  readonly proveTouched: (host: Host, ref: RunRef) => Promise<TouchedProof>;
}

export const cutoverSteps: CutoverSteps = { drain, refreshProof, proveTouched };
