import { continueAsNew } from '@temporalio/workflow';
import type { PhaseInput } from '../../src/contract/batch-copy';
import { inParallel } from './in-parallel';

/** Mappings that one execution takes: each is about nine events. */
const page = 150;

/** Does `work` for every mapping of a phase, in pages: each next one is another execution of the workflow, so that no history grows with the plan. */
export async function inPages(input: PhaseInput, work: (mapping: string) => Promise<void>): Promise<void> {
  const { mappings, inFlight, from = 0 } = input;
  const to = from + page;
  await inParallel(mappings.slice(from, to), inFlight, work);
  if (to < mappings.length) await continueAsNew<(raw: unknown) => Promise<void>>({ ...input, from: to });
}
