import type { RunRef } from '../src/contract/run';
import type { ActivityHost } from './host';

/** What a proof of the keys that changed came to. */
export interface TouchedProof {
  /** Keys looked at, of both sides. */
  readonly keys: number;
  /** Rows that differ; above 0 the run is not proved. */
  readonly differences: number;
}

/**
 * Proves every key again that rounds touched since its table was proved, on both sides, as they are now: nothing may write on
 * either side meanwhile (call it under the barrier, after the drain). Costs what changed. Replaces what an earlier call stored.
 */
export function proveTouched(_host: ActivityHost, _ref: RunRef): Promise<TouchedProof> {
  return Promise.reject(new Error('proveTouched is not built yet'));
}

/**
 * Does the same at an alignment while rounds go on, and moves the tables that come out green up to it, so that the proof under
 * the barrier has only the last moments left. Call it right before the barrier.
 */
export function refreshProof(_host: ActivityHost, _ref: RunRef): Promise<TouchedProof> {
  return Promise.reject(new Error('refreshProof is not built yet'));
}
