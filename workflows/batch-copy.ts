import { continueAsNew, proxyActivities, upsertSearchAttributes } from '@temporalio/workflow';
import type { Activities } from '../src/contract/activity-types';
import { batchCopyInput } from '../src/contract/batch-copy';
import { migrationAttributes } from '../src/contract/search-attributes';
import * as options from './activity-options';
import { openCopyLane } from './copy-lane';
import { historyIsLong } from './history-length';
import { parseInput } from './input';

const control = proxyActivities<Activities>(options.quick);
const long = proxyActivities<Activities>(options.longRunning);

/**
 * Copies the batches of one or several mappings. Signals paused and resolution come from the root, progress goes to it;
 * query tables. Continues as new between pages of batches at about 2,000 events: the ledger says where to go on.
 */
export async function batchCopy(raw: unknown): Promise<void> {
  const input = parseInput(batchCopyInput, raw, 'batchCopy', { ref: {}, mappings: ['orders'] });
  const lane = openCopyLane(input);
  const finished = [...(input.finished ?? [])];
  for (const mapping of input.mappings.filter((name) => !finished.includes(name))) {
    if (input.searchAttributes) upsertSearchAttributes([{ key: migrationAttributes.table, value: mapping }]);
    await long.planBatches.executeWithOptions({ summary: `plan the batches of ${mapping}` }, [input.ref, mapping]);
    while (await lane.copyPage(mapping)) {
      if (historyIsLong()) await continueAsNew<typeof batchCopy>({ ...input, finished, ...(await lane.handOver()) });
    }
    await control.checkLimits(input.ref, mapping);
    finished.push(mapping);
  }
}
