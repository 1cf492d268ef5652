import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../src/contract/activity-types';
import { phaseInput } from '../src/contract/batch-copy';
import * as options from './runtime/activity-options';
import { inPages } from './runtime/in-pages';
import { parseInput } from './runtime/input';

const long = proxyActivities<Activities>(options.longRunning);

/** Catalogs, fingerprint, profile of every table, the target's rules tried on the source. No messages; continues as new every 150 tables. */
export async function discovery(raw: unknown): Promise<void> {
  const input = parseInput(phaseInput, raw, 'discovery', { ref: {}, mappings: [], inFlight: 4 });
  const { ref, from = 0 } = input;
  if (from === 0) {
    await long.recordCatalogs(ref);
    await long.fingerprintTarget({ ref, moment: 'before' });
  }
  await inPages(input, async (mapping) => {
    await long.profileMapping.executeWithOptions({ summary: `profile ${mapping}` }, [{ ref, mapping }]);
  });
  await long.tryTargetRules(ref);
}
