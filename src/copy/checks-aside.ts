import type { CompiledMapping, CompiledPlan } from '../contract/compiled';

/** CHECKs of a mapping that are dropped while rows are loaded: what they look at may not be there yet. */
export function namesOfChecksAside({ checksAside }: CompiledPlan, mapping: CompiledMapping): ReadonlySet<string> {
  return new Set(checksAside.flatMap((one) => (one.mapping === mapping.name ? [one.name] : [])));
}
