import type { CompiledMapping } from '../contract/compiled';
import type { IndexDetail } from './step-detail';

/** Why an index of a target table stays in place during the load; null when it is dropped and rebuilt. */
export function whyKept(
  index: IndexDetail,
  facts: { readonly exclusion: boolean; readonly depended: boolean },
  mapping: Pick<CompiledMapping, 'targetKey' | 'targetKeyInjective'>,
): string | null {
  if ([index.root, ...index.partitions].some((node) => !node.valid))
    return 'it is not valid, and could not be restored as it is';
  if (facts.exclusion) return 'an exclusion constraint is checked row by row';
  if (facts.depended) return 'something other than a foreign key depends on it';
  if (!mapping.targetKeyInjective) return null;
  if (index.primary) return 'it is the primary key, and two source rows never share one';
  return carriesTargetKey(index, mapping) ? 'it is the key of the table, and two source rows never share one' : null;
}

function carriesTargetKey(index: IndexDetail, mapping: Pick<CompiledMapping, 'targetKey'>): boolean {
  const key = mapping.targetKey.map((column) => column.name);
  return (
    index.unique &&
    index.predicate === null &&
    index.columns.length === key.length &&
    index.columns.every((column) => column !== null && key.includes(column))
  );
}
