import type { FreezeState } from '../contract/delta';

/** What a run leaves that ends between the freeze and the opening of its target; null when writers are free or the target is open. */
export function stoppedWriters(
  state: FreezeState,
  run: { readonly plan: string; readonly run: string },
): string | null {
  if (state.opened || state.frozen.length === 0) return null;
  return (
    `Writers of ${state.frozen.join(', ')} are still stopped, and the target is not open: nobody can write. ` +
    `\`rowproof run ${run.plan}\` goes on, \`rowproof rollback ${run.run}\` lets them write again.`
  );
}

/** When nobody could be asked: what the workflow or the ledger remembers. */
export function rememberedFreeze(run: { readonly plan: string; readonly run: string }): string {
  return (
    'Writers of the sources may still be stopped, which could not be looked up now. ' +
    `\`rowproof run ${run.plan}\` goes on, \`rowproof rollback ${run.run}\` lets them write again.`
  );
}

/** Of a run that was kept while its sources are captured. */
export const captureLeft =
  'What captures changes on the sources stays there, and its limits are watched, until the run goes on or is rolled back.';
