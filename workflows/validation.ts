import { proxyActivities } from '@temporalio/workflow';
import type { Activities, Verdict } from '../src/contract/activity-types';
import { phaseInput } from '../src/contract/batch-copy';
import * as options from './runtime/activity-options';
import { copySide } from './phases/copy-side';
import { inParallel } from './runtime/in-parallel';
import { parseInput } from './runtime/input';

const long = proxyActivities<Activities>(options.longRunning);

/** Proof of every row of every table (`live`: while rounds go on), references, rules, spot checks, books. No messages; never continues as new. */
export async function validation(raw: unknown): Promise<Verdict> {
  const example = { ref: {}, mappings: [], inFlight: 4 };
  const { ref, mappings, inFlight, live = false } = parseInput(phaseInput, raw, 'validation', example);
  const proof = copySide(options.proof);
  await inParallel(mappings, inFlight, async (mapping) => {
    const prove = live ? proof.proveLive : proof.proveMapping;
    await prove.executeWithOptions({ summary: `prove ${mapping}` }, [ref, mapping]);
  });
  await long.proveReferences(ref);
  await long.checkRules(ref);
  await long.runSpotChecks(ref);
  return long.reconcile(ref);
}
