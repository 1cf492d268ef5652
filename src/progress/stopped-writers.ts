import type { FreezeState } from '../contract/delta';
import { goOn, releaseFreeze, undo } from './commands';

/** What a run leaves that ends between the freeze and the opening of its target; null when writers are free or the target is open. */
export function stoppedWriters(state: FreezeState, { run }: { readonly run: string }): string | null {
  if (state.opened || state.frozen.length === 0) return null;
  return (
    `Writers of ${state.frozen.join(', ')} are still stopped, and the target is not open: nobody can write. ` +
    waysOutOfFreeze(run)
  );
}

/** What takes the place of that once the freeze was released by hand of an operator, and the run is not over. */
export function freedWriters(sources: readonly string[], { run }: { readonly run: string }): string {
  return (
    `Writers of ${sources.join(', ')} are free again, and the target is not open. ` +
    `\`${goOn(run)}\` goes on, \`${undo(run)}\` undoes all of it.`
  );
}

/** When nobody could be asked: what the workflow or the ledger remembers. */
export function rememberedFreeze({ run }: { readonly run: string }): string {
  return `Writers of the sources may still be stopped; this could not be checked now. ${waysOutOfFreeze(run)}`;
}

function waysOutOfFreeze(run: string): string {
  return (
    `\`${goOn(run)}\` goes on, \`${undo(run)}\` undoes all of it and lets them write again, ` +
    `\`${releaseFreeze(run)}\` lets them write and leaves the rest as it is.`
  );
}

/** What another try does once the application writes to the target, and what it cannot do. */
export const countsAgain =
  'counts the source again, compares it with what the ledger says was migrated, and reads the check results that the proof stored; it does not read the rows of the target again, because the application writes there';

/** Of a run of `big_bang` whose freeze was released before its target was opened. */
export function releasedFirst(run: string): string {
  return (
    `The freeze of ${run} was released, in whole or in part, before its target was opened. The sources were frozen before the copy, so nothing copies what is written ` +
    'to them now: the target keeps the state from before, and a retry cannot correct that. Only a rollback is possible; after it, a new run copies again.'
  );
}

/** Of a run whose target is open and whose books do not close: there is only forward. */
export function leftOpen(run: string): string {
  return (
    `The target is open, so it cannot be rolled back. \`${goOn(run)}\` ${countsAgain}; ` +
    `\`${releaseFreeze(run)}\` ends the run and lets writers of the old database write there again.`
  );
}

/** Of a run that was kept while its sources are captured. */
export const captureLeft =
  'The capture stays on the sources, and its limits are watched, until the run goes on or is rolled back.';
