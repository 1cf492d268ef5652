import { functionBehind } from '../../../src/postgres/queries/discovery/function-behind';
import { safeFailure } from '../../../src/worker/failure-interceptor';
import { phasesOf, type Phases } from '../phases';
import { openCopyRun, type CopyRun, type CopyRunDraft } from './copy-run';

/** A run of a plan that is no text, with all its phases. */
export interface WholeRun extends CopyRun, Phases {}

export async function openWholeRun(draft: CopyRunDraft): Promise<WholeRun> {
  const run = await openCopyRun(draft);
  return { ...run, ...phasesOf(run) };
}

/** What people read of the failure of an activity: the sentence that its failure carries through Temporal. */
export async function sentenceOf(work: Promise<unknown>): Promise<string> {
  const outcome = await work.then(
    () => 'nothing was refused',
    async (error: unknown) => safeFailure(error, await functionBehind(error)).message,
  );
  return outcome;
}
