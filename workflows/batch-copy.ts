import { continueAsNew, proxyActivities, upsertSearchAttributes } from '@temporalio/workflow';
import type { Activities } from '../src/contract/activity-types';
import { batchCopyInput } from '../src/contract/batch-copy';
import { migrationAttributes } from '../src/contract/search-attributes';
import * as options from './runtime/activity-options';
import { openBatchScheduler } from './phases/batch-scheduler';
import { everythingHeard } from './runtime/hear-root';
import { historyIsLong } from './runtime/history-length';
import { parseInput } from './runtime/input';

const long = proxyActivities<Activities>(options.longRunning);

/**
 * Copies the batches of one or several mappings: the next one begins as soon as all batches of the one before are under way, so that none
 * waits behind another that is blocked. Signals paused and resolution come from the root, progress goes to it; query tables. Continues as
 * new between pages of batches at about 2,000 events: the ledger says where to go on.
 */
export async function batchCopy(raw: unknown): Promise<void> {
  const input = parseInput(batchCopyInput, raw, 'batchCopy', { ref: {}, mappings: ['orders'] });
  const lease = openBatchScheduler(input);
  const finished = [...(input.finished ?? [])];
  const queue = input.mappings.filter((name) => !finished.includes(name));
  const planned = new Set<string>();
  const next = async (): Promise<string> => lease.due() ?? queue.shift() ?? lease.nextDue();
  while (finished.length < input.mappings.length) {
    const mapping = await next();
    if (!planned.has(mapping)) {
      planned.add(mapping);
      if (input.searchAttributes) upsertSearchAttributes([{ key: migrationAttributes.table, value: mapping }]);
      await long.planBatches.executeWithOptions({ summary: `plan the batches of ${mapping}` }, [input.ref, mapping]);
    }
    const state = await lease.copyPage(mapping);
    if (state === 'done') {
      if (await lease.withinLimits(mapping)) finished.push(mapping);
    } else if (state === 'more') queue.unshift(mapping);
    if (historyIsLong() && finished.length < input.mappings.length) {
      const handedOver = await lease.handOver();
      await lease.tellRest();
      await everythingHeard();
      await continueAsNew<typeof batchCopy>({ ...input, finished, ...handedOver });
    }
  }
  await lease.tellRest();
  await everythingHeard();
}
