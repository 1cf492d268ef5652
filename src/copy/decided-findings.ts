import type { DecisionPlan } from '../contract/resolved-plan';
import type { ClassOf } from './quarantined-row';

/** A decision of the plan or of an operator, as far as the copy must know it. */
export interface CopyDecision {
  readonly finding: string;
  readonly action: string;
  readonly expectsRows: boolean;
}

export type MatchesFinding = (pattern: string, finding: string) => boolean;

export function fromPlan(decision: DecisionPlan): CopyDecision {
  return { finding: decision.finding, action: decision.do, expectsRows: decision.expect !== null };
}

/** Rows of findings that a decision takes out of scope are booked there, all others in quarantine. */
export function classByDecisions(decisions: readonly CopyDecision[], matches: MatchesFinding): ClassOf {
  const classes = new Map<string, 'quarantined' | 'out_of_scope'>();
  return (finding) => {
    let known = classes.get(finding);
    if (known === undefined) {
      const out = decisions.some((one) => one.action === 'out_of_scope' && matches(one.finding, finding));
      known = out ? 'out_of_scope' : 'quarantined';
      classes.set(finding, known);
    }
    return known;
  };
}
