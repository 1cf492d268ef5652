import type { CompiledMapping } from '../contract/compiled';
import { createRecompute } from '../compile/statements/recompute-row';
import { keyParts } from '../contract/key';
import type { TransformContext } from '../transform/transform';

/** The target key that a source key has or had, null where none can come of it. Only for mappings that need no provenance. */
export type TargetKeyOf = (sourceKey: string) => string | null;

/** Computes target keys from source keys alone, with the TypeScript twin of what the copy computed. */
export function createTargetKeys(mapping: CompiledMapping, context: TransformContext): TargetKeyOf {
  const names = new Set(mapping.targetKey.map((column) => column.name));
  const recompute = createRecompute(
    {
      ...mapping,
      columns: mapping.columns.filter((column) => names.has(column.target)),
      rawColumns: mapping.key.map((column) => ({ name: column.name, type: column.type.name, sql: false })),
    },
    context,
  );
  return (sourceKey) => {
    const { key } = recompute(keyParts(sourceKey));
    return key === '' ? null : key;
  };
}
