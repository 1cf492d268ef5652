import type { QualifiedName } from '../contract/catalog';
import type { CompiledMapping, CompiledPlan, KeyColumn } from '../contract/compiled';

/** One (relation, key) of a source whose changes are captured; mappings that read the same relation by the same key share it. */
export interface CapturedRelation {
  /** 1, 2, … in the order of the plan; what changes and pending keys name it by. Stable for a run. */
  readonly id: number;
  readonly source: string;
  readonly relation: QualifiedName;
  readonly key: readonly KeyColumn[];
  /** Mappings that a change of it makes read again. */
  readonly mappings: readonly string[];
}

/** Everything that has to be captured for a run, from what was compiled alone. */
export function capturedRelations(compiled: Pick<CompiledPlan, 'mappings'>): CapturedRelation[] {
  const found = new Map<string, { mapping: CompiledMapping; mappings: string[] }>();
  for (const mapping of compiled.mappings) {
    const { source, from, key } = mapping;
    const id = JSON.stringify([source, from.schema, from.name, ...key.map((column) => column.name)]);
    const known = found.get(id);
    if (known === undefined) found.set(id, { mapping, mappings: [mapping.name] });
    else known.mappings.push(mapping.name);
  }
  return [...found.values()].map(({ mapping, mappings }, index) => ({
    id: index + 1,
    source: mapping.source,
    relation: mapping.from,
    key: mapping.key,
    mappings,
  }));
}
