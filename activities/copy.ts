import type { CopyActivities, PrepareActivities } from '../src/contract/activity-types';
import { blockBatch, pendingBatches } from '../src/engine/copy/batch-state';
import { createCheckLimits } from '../src/engine/copy/check-limits';
import { createCopyBatch } from '../src/engine/copy/copy-batch';
import { createPlanBatches } from '../src/engine/copy/plan-batches';
import { createQuarantineBatch } from '../src/engine/copy/quarantine-batch';
import type { Host } from '../src/engine/host';

/** Planning and copying of batches; every activity looks into the ledger first and goes on from there. */
export function createCopyActivities(host: Host): CopyActivities & Pick<PrepareActivities, 'planBatches'> {
  const planBatches = createPlanBatches(host);
  const copyBatch = createCopyBatch(host);
  const quarantineBatch = createQuarantineBatch(host);
  const checkLimits = createCheckLimits(host);
  return {
    planBatches: ({ ref, mapping }) => planBatches(ref, mapping),
    copyBatch: ({ ref, mapping, ordinal }) => copyBatch(ref, mapping, ordinal),
    quarantineBatch: ({ ref, mapping, ordinal, by, reason }) => quarantineBatch(ref, mapping, ordinal, by, reason),
    checkLimits: ({ ref, mapping }) => checkLimits(ref, mapping),
    pendingBatches: ({ ref, mapping, limit }) => pendingBatches(host, ref, mapping, limit),
    blockBatch: ({ ref, blocked }) => blockBatch(host, ref, blocked),
  };
}
