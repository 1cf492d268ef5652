import type { ObservedDecision } from '../../postgres/ledger/decision/decision-effect';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import { raisedLimit } from '../../copy/row-limit';
import { mappingsOfRun } from '../../rollback/mappings-of-run';
import type { DecisionEffect } from '../../validate/decision-effect';

/** True for a run of some tables of its plan. */
export function restricted(run: LoadedRun): boolean {
  return (run.options.only ?? []).length > 0;
}

/** A part of the rows or of the tables shows a part of a decision's effect: nothing is promised about it. */
export function effectsOf(run: LoadedRun, decisions: readonly ObservedDecision[]): DecisionEffect[] {
  const mappings = mappingsOfRun(run.compiled, run.options);
  return decisions.map(({ finding, action, expected, tolerance, observed }) => {
    const whole =
      run.options.sample === undefined &&
      (!restricted(run) || mappings.some((one) => finding.startsWith(`${one.name}.`)));
    const promised = whole && expected !== null ? { rows: expected, tolerance: tolerance ?? 0 } : null;
    return { finding, action, expected: promised, observed, atMost: raisedLimit({ finding, action }) !== null };
  });
}
