import type { RunRef } from '../src/contract/run';
import type { Alignment } from './delta-contract';
import type { ActivityHost } from './host';

/**
 * Two aligned snapshots: takes the lane, runs a round whose source transactions stay open, and opens a snapshot of the target that
 * shows exactly that round. `purpose` names the sessions.
 */
export function align(_host: ActivityHost, _ref: RunRef, _purpose: string): Promise<Alignment> {
  return Promise.reject(new Error('not built yet'));
}
