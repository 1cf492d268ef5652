import type { CompiledMapping } from '../../contract/compiled';
import type { TransformContext } from '../../transform/transform';
import type { Catalogs } from '../catalogs';
import { isReferredAlready, isUniqueAlready } from './guarantees';
import { childrenSql, duplicatesSql, orphansSql, type Side } from './source-trial';

/** The mappings with what discovery need not try on the target: rules that the source holds already, or can try itself. */
export function withSourceTrials(
  mappings: readonly CompiledMapping[],
  catalogs: Catalogs,
  sha256: TransformContext['sha256'],
): CompiledMapping[] {
  const { target } = catalogs;
  const side = (mapping: CompiledMapping): Side => {
    const { encoding, targetEncoding } = mapping;
    return { mapping, context: { encoding, ...(targetEncoding === undefined ? {} : { targetEncoding }), sha256 } };
  };
  return mappings.map((mapping) => ({
    ...mapping,
    uniques: mapping.uniques.map((unique) => {
      if (isUniqueAlready(mapping, unique, mappings, catalogs)) return { ...unique, already: true };
      const onSource = duplicatesSql(side(mapping), unique, target);
      return onSource === null ? unique : { ...unique, onSource };
    }),
    references: mapping.references.map((reference) => {
      const already = isReferredAlready(mapping, reference, mappings, catalogs);
      const parent = mappings.find(({ name }) => name === reference.parentMapping);
      const onSource = parent === undefined ? null : orphansSql(side(mapping), side(parent), reference, target);
      const children = parent === undefined ? null : childrenSql(side(mapping), side(parent), reference, target);
      return {
        ...reference,
        ...(already ? { already } : {}),
        ...(onSource === null ? {} : { onSource }),
        ...(children === null ? {} : { children }),
      };
    }),
  }));
}
