import type { RunRef } from '../../contract/run';
import { chooseBatchRows } from '../../copy/batch-size';
import { rangesFromBoundaries } from '../../copy/batch-ranges';
import { countBatches, insertBatches, lockBatchPlanning } from '../../postgres/ledger/batch';
import { profiledRows } from '../../postgres/ledger/decision/copy-decision';
import { copyOut } from '../../postgres/copy-stream';
import { disableTimeouts } from '../../postgres/queries/copy/transaction';
import { changeTarget } from '../../postgres/queries/schema-change/settings';
import { inTransaction } from '../../postgres/transaction';
import { rangedStatement } from './attempt';
import { withHeartbeat } from '../heartbeat';
import { during } from '../../postgres/refusal';
import { type Host, mappingOf } from '../host';
import { SessionScope } from '../session-scope';

/**
 * Computes the batch ranges of a mapping by one pass over the source key and stores them in one transaction. Idempotent: what
 * is stored stays, also when two planners run at once. RP5104 once a rollback has begun: it could not revoke what comes later.
 */
export function createPlanBatches(host: Host) {
  return async (ref: RunRef, mappingName: string): Promise<{ batches: number; rows: number }> => {
    const signal = host.signal?.();
    const sessions = new SessionScope(host, ref, `plan ${mappingName}`);
    let succeeded = false;
    try {
      const planned = await during(`computing the batches of ${mappingName}`, () =>
        withHeartbeat(host, { mapping: mappingName }, async () => {
          const { target, run } = await sessions.openTarget();
          const mapping = mappingOf(run, mappingName);
          const rows = (await profiledRows(target, run.run, mapping.name)) ?? Math.max(0, mapping.estimatedRows);
          const stored = await countBatches(target, run.run, mapping.name);
          if (stored > 0) return { batches: stored, rows };
          const { batch } = run.compiled.plan.settings;
          const size = chooseBatchRows({ ...mapping, rows: batch.rows, bytes: batch.bytes });
          const source = await sessions.openSource(run, mapping.source);
          const boundaries = await inTransaction(source, 'repeatable read read only', async () => {
            await disableTimeouts(source);
            const found: string[][] = [];
            const statement = rangedStatement(mapping, 'boundaries', { lower: null, upper: null }, size);
            for await (const chunk of copyOut(source, statement)) found.push(...(chunk as string[][]));
            return found;
          });
          const ranges = rangesFromBoundaries(boundaries);
          const batches = await changeTarget(target, run.run, { object: 'rowproof.batch' }, async () => {
            await lockBatchPlanning(target, run.run, mapping.name);
            const already = await countBatches(target, run.run, mapping.name);
            if (already > 0) return already;
            await insertBatches(target, run.run, mapping.name, ranges);
            return ranges.length;
          });
          return { batches, rows };
        }),
      );
      succeeded = true;
      return planned;
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      await sessions.end(succeeded);
    }
  };
}
