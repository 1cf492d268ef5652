import type { RunRef } from '../src/contract/run';
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
export function drain(_host: ActivityHost, _ref: RunRef, _beat: () => void): Promise<Drained> {
  return Promise.reject(new Error('not built yet'));
}
