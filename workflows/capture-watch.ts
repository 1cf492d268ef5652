import { continueAsNew, isCancellation, proxyActivities, setCurrentDetails, sleep } from '@temporalio/workflow';
import type { Activities } from '../src/contract/activity-types';
import { captureWatchInput } from '../src/contract/batch-copy';
import { sentenceOf } from '../src/progress/failure-sentence';
import { sameWarnings } from '../src/progress/follow-steps';
import * as options from './activity-options';
import { historyIsLong } from './history-length';
import { parseInput } from './input';
import { tellRoot } from './tell-root';

const watching = proxyActivities<Activities>(options.watching);

/**
 * Looks after the capture from its installation until the cutover ended, also while rows are copied: what slots deliver
 * goes to the target, old marks are purged, limits are upheld. Takes no messages; cancelled by the root. Continues as new
 * at about 2,000 events.
 */
export async function captureWatch(raw: unknown): Promise<void> {
  const input = parseInput(captureWatchInput, raw, 'captureWatch', { ref: {}, parent: 'crm-3' });
  let told = input.told ?? '';
  for (;;) {
    const warnings = await look(input.ref);
    if (!sameWarnings(told, warnings.join('\n'))) {
      told = warnings.join('\n');
      setCurrentDetails(told);
      await tellRoot(input.parent, { follow: { capture: { markBytes: 0, walBytes: 0, warnings } } });
    }
    await sleep('15 seconds');
    if (historyIsLong()) await continueAsNew<typeof captureWatch>({ ...input, told });
  }
}

async function look(ref: Parameters<Activities['watchCapture']>[0]): Promise<string[]> {
  try {
    return (await watching.watchCapture(ref)).warnings;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return [`The capture cannot be watched: ${sentenceOf(error)}`];
  }
}
