import type { StepSpec } from '../contract/resolved-plan';
import type { ParsedStep } from '../transform/registry';
import { parseStep } from '../transform/registry';

const parsed = new WeakMap<StepSpec, ParsedStep>();

/** A step that the plan was checked for, parsed once; a step that does not parse is a bug here. */
export function checkedStep(spec: StepSpec): ParsedStep {
  const known = parsed.get(spec);
  if (known !== undefined) return known;
  const found = parseStep(spec);
  if ('problem' in found) throw new Error(`step ${spec.name}: ${found.problem}`);
  parsed.set(spec, found);
  return found;
}
