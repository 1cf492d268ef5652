import type { RollbackActivities } from '../src/contract/activity-types';
import type { Host } from '../src/engine/host';
import { compensate, openSteps, proveRollback, revokeLeases } from '../src/engine/rollback/roll-back';

/** Every activity works from the ledger alone and may be repeated at any point. */
export function createRollbackActivities(host: Host): RollbackActivities {
  return {
    revokeLeases: (ref) => revokeLeases(host, ref),
    openSteps: (ref) => openSteps(host, ref),
    compensate: ({ ref, ordinal }) => compensate(host, ref, ordinal),
    proveRollback: (ref) => proveRollback(host, ref),
  };
}
