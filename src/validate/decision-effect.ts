import { counted } from '../report/counted';
import { figure } from '../report/format';
/** A decision with what it promised and what happened. */
export interface DecisionEffect {
  readonly finding: string;
  readonly action: string;
  readonly expected: { readonly rows: number; readonly tolerance: number } | null;
  readonly observed: number;
  /** What is expected is the most that is allowed. */
  readonly atMost?: boolean;
}

/** True when the decision promised nothing, or what it promised within its tolerance. */
export function hadExpectedEffect(effect: DecisionEffect): boolean {
  if (effect.expected === null) return true;
  const off = effect.observed - effect.expected.rows;
  return (effect.atMost === true ? off : Math.abs(off)) <= effect.expected.tolerance;
}

/** One sentence, or null when the effect is as expected. */
export function effectProblem(effect: DecisionEffect): string | null {
  if (hadExpectedEffect(effect) || effect.expected === null) return null;
  const { rows, tolerance } = effect.expected;
  return `decision ${effect.finding}: expected ${tolerance === 0 ? counted(rows, 'row') : `${figure(rows)} ± ${figure(tolerance)} rows`}, saw ${figure(effect.observed)}`;
}
