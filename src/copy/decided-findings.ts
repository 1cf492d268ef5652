import type { DecisionPlan } from '../contract/resolved-plan';
import { decisionFor } from '../profile/decision-match';
import type { ClassOf } from './quarantined-row';

/** A decision of the plan or of an operator, as far as the copy must know it. */
export interface CopyDecision {
  readonly finding: string;
  readonly action: string;
  readonly expectsRows: boolean;
}

export function fromPlan(decision: DecisionPlan): CopyDecision {
  return { finding: decision.finding, action: decision.do, expectsRows: decision.expect !== null };
}

/** Rows of findings whose decision takes them out of scope are booked there, all others in quarantine. Operators' decisions first. */
export function classByDecisions(decisions: readonly Pick<CopyDecision, 'finding' | 'action'>[]): ClassOf {
  const classes = new Map<string, 'quarantined' | 'out_of_scope'>();
  return (finding) => {
    let known = classes.get(finding);
    if (known === undefined) {
      known = decisionFor(decisions, finding)?.action === 'out_of_scope' ? 'out_of_scope' : 'quarantined';
      classes.set(finding, known);
    }
    return known;
  };
}
