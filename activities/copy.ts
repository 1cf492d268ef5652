import type { CopyActivities, PrepareActivities } from '../src/contract/activity-types';
import { batchTotals, parkBatch, pendingOrdinals, readBatch } from '../src/postgres/ledger/batch';
import { setLockTimeout } from '../src/postgres/queries/copy/transaction';
import { createCopyBatch } from '../src/engine/copy/copy-batch';
import type { CopyHost } from '../src/engine/copy/run-lookup';
import { lockTimeoutOf, mappingOf, onLedger } from '../src/engine/copy/run-lookup';
import { notToBeCopied, underBatchLock } from '../src/engine/copy/batch-lease';
import { createCheckLimits } from '../src/engine/copy/check-limits';
import { createPlanBatches } from '../src/engine/copy/plan-batches';
import { createQuarantineBatch } from '../src/engine/copy/quarantine-batch';

/** Planning and copying of batches; every activity looks into the ledger first and goes on from there. */
export function createCopyActivities(host: CopyHost): CopyActivities & Pick<PrepareActivities, 'planBatches'> {
  return {
    planBatches: createPlanBatches(host),
    copyBatch: createCopyBatch(host),
    quarantineBatch: createQuarantineBatch(host),
    checkLimits: createCheckLimits(host),

    /** Reads only. A blocked or revoked batch has no receipt and is listed too. */
    async pendingBatches(ref, mapping, limit) {
      return onLedger(host, ref, `pending batches of ${mapping}`, async (session) => {
        const ordinals = await pendingOrdinals(session, ref.run, mapping, limit);
        const { batches, done, migrated, quarantined, outOfScope } = await batchTotals(session, ref.run, mapping);
        return { ordinals, batches, done, migrated, quarantined, outOfScope };
      });
    },

    /** Idempotent: parking a parked batch changes nothing but its facts; a batch that is done stays done. */
    async blockBatch(ref, blocked) {
      await onLedger(host, ref, `block ${blocked.what}`, async (session) => {
        const run = await host.databases.run(ref, session);
        const name = { run: run.run, mapping: mappingOf(run, blocked.mapping).name, ordinal: blocked.ordinal };
        await setLockTimeout(session, lockTimeoutOf(run));
        if (await underBatchLock(session, name, () => parkBatch(session, name, blocked))) return;
        const batch = await readBatch(session, name);
        if (batch?.state !== 'done') throw notToBeCopied(name, batch);
      });
    },
  };
}
