import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../src/contract/activity-types';
import { phaseInput } from '../src/contract/batch-copy';
import * as options from './runtime/activity-options';
import { inParallel } from './runtime/in-parallel';
import { parseInput } from './runtime/input';

const long = proxyActivities<Activities>(options.longRunning);

/** Catalogs, fingerprint, profile of every table, the target's rules tried on the source. No messages; never continues as new. */
export async function discovery(raw: unknown): Promise<void> {
  const { ref, mappings, inFlight } = parseInput(phaseInput, raw, 'discovery', { ref: {}, mappings: [], inFlight: 4 });
  await long.recordCatalogs(ref);
  await long.fingerprintTarget(ref, 'before');
  await inParallel(mappings, inFlight, async (mapping) => {
    await long.profileMapping.executeWithOptions({ summary: `profile ${mapping}` }, [ref, mapping]);
  });
  await long.tryTargetRules(ref);
}
