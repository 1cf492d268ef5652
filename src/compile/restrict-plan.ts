import type { CompiledMapping, CompiledPlan, MappingStatements } from '../contract/compiled';
import { withSample } from './with-sample';

/** What `run --only TABLE --sample 1%` takes of a plan. */
export interface Restriction {
  /** Mapping names. Parents that they refer to come along, for else every row would be an orphan. */
  readonly only?: readonly string[];
  /** Percent of the source rows, above 0 and up to 100. */
  readonly sample?: number;
}

/** The part of a compiled plan that a restricted run executes; `added` are the parents that came along. */
export function restrictPlan(
  compiled: CompiledPlan,
  restriction: Restriction,
): { readonly compiled: CompiledPlan; readonly added: readonly string[] } {
  const wanted = new Set(restriction.only ?? compiled.mappings.map((mapping) => mapping.name));
  const taken = withParents(compiled, wanted);
  const { sample } = restriction;
  const mappings = compiled.mappings
    .filter((mapping) => taken.has(mapping.name))
    .map((mapping) => (sample === undefined || sample >= 100 ? mapping : sampleMapping(mapping, sample)));
  return { compiled: { ...compiled, mappings }, added: [...taken].filter((name) => !wanted.has(name)) };
}

function withParents(compiled: CompiledPlan, wanted: ReadonlySet<string>): Set<string> {
  const taken = new Set(wanted);
  const open = [...wanted];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const mapping = compiled.mappings.find((one) => one.name === name);
    for (const { parentMapping } of mapping?.references ?? []) {
      if (parentMapping === null || taken.has(parentMapping)) continue;
      taken.add(parentMapping);
      open.push(parentMapping);
    }
  }
  return taken;
}

/** Every statement over the same sample; children of rows outside it are out of scope, not orphans. */
function sampleMapping(mapping: CompiledMapping, percent: number): CompiledMapping {
  const sampled = Object.entries(mapping.statements).map(([name, sql]) => [name, withSample(sql as string, percent)]);
  return {
    ...mapping,
    references: mapping.references.map((reference) => ({ ...reference, parentOutOfScope: 'out_of_scope' })),
    statements: Object.fromEntries(sampled) as unknown as MappingStatements,
  };
}
