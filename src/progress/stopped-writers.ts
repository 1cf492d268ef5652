import type { FreezeState } from '../contract/delta';
import { goOn, liftFreeze, undo } from './commands';

/** What a run leaves that ends between the freeze and the opening of its target; null when writers are free or the target is open. */
export function stoppedWriters(state: FreezeState, { run }: { readonly run: string }): string | null {
  if (state.opened || state.frozen.length === 0) return null;
  return (
    `Writers of ${state.frozen.join(', ')} are still stopped, and the target is not open: nobody can write. ` +
    waysOutOfFreeze(run)
  );
}

/** When nobody could be asked: what the workflow or the ledger remembers. */
export function rememberedFreeze({ run }: { readonly run: string }): string {
  return `Writers of the sources may still be stopped, which could not be looked up now. ${waysOutOfFreeze(run)}`;
}

function waysOutOfFreeze(run: string): string {
  return (
    `\`${goOn(run)}\` goes on, \`${undo(run)}\` undoes all of it and lets them write again, ` +
    `\`${liftFreeze(run)}\` lets them write and leaves the rest as it is.`
  );
}

/** Of a run whose target is open and whose books do not close: there is only forward. */
export function leftOpen(run: string): string {
  return (
    `The target is open, so it cannot be rolled back. \`${goOn(run)}\` closes the books again; ` +
    `\`${liftFreeze(run)}\` ends the run and lets whoever still has the old database write there again.`
  );
}

/** Of a run that was kept while its sources are captured. */
export const captureLeft =
  'What captures changes on the sources stays there, and its limits are watched, until the run goes on or is rolled back.';
