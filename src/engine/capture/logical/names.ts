import type { LoadedRun } from '../../../postgres/ledger/run/run';

/** Slot and publication of a source are named alike: slots are named per server, and two sources may be databases of one. */
export function slotName(run: Pick<LoadedRun, 'compiled'>, name: string, sourceName: string): string {
  const place = Object.keys(run.compiled.plan.sources).indexOf(sourceName) + 1;
  return `rowproof_${name}_${place}`;
}
