import type { CopyActivities, PrepareActivities } from '../src/contract/activity-types';
import { blockBatch, pendingBatches } from '../src/engine/copy/batch-state';
import { createCheckLimits } from '../src/engine/copy/check-limits';
import { createCopyBatch } from '../src/engine/copy/copy-batch';
import { createPlanBatches } from '../src/engine/copy/plan-batches';
import { createQuarantineBatch } from '../src/engine/copy/quarantine-batch';
import type { Host } from '../src/engine/host';

/** Planning and copying of batches; every activity looks into the ledger first and goes on from there. */
export function createCopyActivities(host: Host): CopyActivities & Pick<PrepareActivities, 'planBatches'> {
  return {
    planBatches: createPlanBatches(host),
    copyBatch: createCopyBatch(host),
    quarantineBatch: createQuarantineBatch(host),
    checkLimits: createCheckLimits(host),
    pendingBatches: (ref, mapping, limit) => pendingBatches(host, ref, mapping, limit),
    blockBatch: (ref, blocked) => blockBatch(host, ref, blocked),
  };
}
