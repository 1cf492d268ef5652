import type { RunRef } from '../../contract/run';
import type { Alignment } from '../follow/round-contract';
import type { Host } from '../host';

/** What a proof gets from whoever calls it. */
export interface ProofHost extends Host {
  /** Takes two aligned snapshots of a run whose source is followed; `purpose` names the sessions. Given by tests. */
  readonly align?: (host: Host, ref: RunRef, purpose: string) => Promise<Alignment>;
}
