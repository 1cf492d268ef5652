import type { Json, StepSpec } from '../../contract/resolved-plan';
import type { StepDocument } from '../../contract/plan-column';

/** `trim` and `{ round: 2 }` as one shape. */
export function stepSpec(step: StepDocument): StepSpec {
  if (typeof step === 'string') return { name: step, args: null };
  const [name, args] = Object.entries(step)[0] as [string, Json];
  return { name, args };
}

/** One name or several, as a list. */
export function asList(names: string | readonly string[] | undefined): readonly string[] {
  if (names === undefined) return [];
  return typeof names === 'string' ? [names] : names;
}
