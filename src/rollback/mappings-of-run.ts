import type { CompiledMapping, CompiledPlan } from '../contract/compiled';

/** Mappings that a run works on: all of the plan's, or those that `--only` names (mapping name or schema.table). */
export function mappingsOfRun(compiled: CompiledPlan, options: { readonly only?: readonly string[] }): readonly CompiledMapping[] {
  const { only } = options;
  if (only === undefined || only.length === 0) return compiled.mappings;
  return compiled.mappings.filter(
    (mapping) => only.includes(mapping.name) || only.includes(`${mapping.target.schema}.${mapping.target.name}`),
  );
}
