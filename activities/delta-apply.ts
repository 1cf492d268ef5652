import type { Applied, Incoming, RoundWork } from './delta-contract';

/**
 * Applies one round inside the open, fenced target transaction: afterwards target, held rows and quarantine together are
 * what the source as of the round's snapshot becomes, and the rules that hold are upheld. Books and touched keys go along.
 */
export function applyRound(_work: RoundWork, _incoming: readonly Incoming[]): Promise<Applied> {
  return Promise.reject(new Error('applyRound is not built yet'));
}
