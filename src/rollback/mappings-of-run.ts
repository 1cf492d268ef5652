import type { CompiledMapping, CompiledPlan } from '../contract/compiled';

/** Mappings that a run works on. A restricted run stores only its own part of the plan, so that is all that was compiled. */
export function mappingsOfRun(compiled: CompiledPlan, _restriction?: object): readonly CompiledMapping[] {
  return compiled.mappings;
}
