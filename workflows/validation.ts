import { proxyActivities } from '@temporalio/workflow';
import type { Activities, Verdict } from '../src/contract/activity-types';
import { phaseInput } from '../src/contract/batch-copy';
import * as options from './runtime/activity-options';
import { copySide } from './phases/copy-side';
import { inPages } from './runtime/in-pages';
import { parseInput } from './runtime/input';

const long = proxyActivities<Activities>(options.longRunning);

/** Proof of every row of every table (`live`: while rounds go on), references, rules, spot checks, books. No messages; continues as new every 150 tables. */
export async function validation(raw: unknown): Promise<Verdict> {
  const example = { ref: {}, mappings: [], inFlight: 4 };
  const input = parseInput(phaseInput, raw, 'validation', example);
  const { ref, live = false } = input;
  const proof = copySide(options.proof);
  await inPages(input, async (mapping) => {
    const prove = live ? proof.proveLive : proof.proveMapping;
    await prove.executeWithOptions({ summary: `prove ${mapping}` }, [{ ref, mapping }]);
  });
  await long.proveReferences(ref);
  await long.checkRules(ref);
  await long.runSpotChecks(ref);
  return long.reconcile(ref);
}
