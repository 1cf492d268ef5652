import type { OpenedRun } from '../../contract/activity-types';
import type { LoadedRun } from '../../postgres/ledger/run/run';

/** A run of a part of the tables or rows is a try: nothing is captured or frozen for it. */
export function patternOf(run: LoadedRun): OpenedRun['pattern'] {
  const whole = run.options.sample === undefined && (run.options.only ?? []).length === 0;
  return whole ? run.compiled.plan.settings.pattern : 'copy';
}
