import { createHash } from 'node:crypto';
import type { CompiledMapping } from '../../contract/compiled';
import { createTargetKeys, type TargetKeyOf } from '../../delta/target-keys';

const known = new WeakMap<CompiledMapping, TargetKeyOf>();

/** Computes target keys of a mapping that needs no provenance. */
export function targetKeyOf(mapping: CompiledMapping): TargetKeyOf {
  let compute = known.get(mapping);
  if (compute === undefined) {
    compute = createTargetKeys(mapping, {
      encoding: mapping.encoding,
      sha256: (bytes) => createHash('sha256').update(bytes).digest(),
    });
    known.set(mapping, compute);
  }
  return compute;
}
