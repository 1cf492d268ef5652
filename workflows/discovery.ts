import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../src/contract/activity-types';
import { phaseInput } from '../src/contract/batch-copy';
import * as options from './runtime/activity-options';
import { inPages } from './runtime/in-pages';
import { inParallel } from './runtime/in-parallel';
import { parseInput } from './runtime/input';

const long = proxyActivities<Activities>(options.longRunning);

/** Catalogs, fingerprint, profile of every table, the target's rules tried on the source. No messages; continues as new every 150 tables. */
export async function discovery(raw: unknown): Promise<void> {
  const input = parseInput(phaseInput, raw, 'discovery', { ref: {}, mappings: [], inFlight: 4 });
  const { ref, inFlight, from = 0 } = input;
  let { mappings } = input;
  if (from === 0) {
    const { together = [] } = await long.recordCatalogs(ref);
    await long.fingerprintTarget({ ref, moment: 'before' });
    await inParallel(together, inFlight, async (names) => {
      await long.profileMappings.executeWithOptions({ summary: `profile ${names.length} small tables` }, [
        { ref, mappings: names },
      ]);
    });
    const done = new Set(together.flat());
    mappings = mappings.filter((name) => !done.has(name));
  }
  await inPages({ ...input, mappings }, async (mapping) => {
    await long.profileMapping.executeWithOptions({ summary: `profile ${mapping}` }, [{ ref, mapping }]);
  });
  await long.tryTargetRules(ref);
}
