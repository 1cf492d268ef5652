import type { CompiledMapping } from '../contract/compiled';

/** Of tables up to this many bytes, connecting takes longer than reading them. */
const smallBytes = 4 * 2 ** 20;
const tablesTogether = 50;

/** Names of mappings that are small, in groups of two and more that one activity takes. */
export function smallTogether(mappings: readonly CompiledMapping[]): string[][] {
  const small = mappings.filter(({ estimatedBytes }) => estimatedBytes <= smallBytes).map(({ name }) => name);
  const groups: string[][] = [];
  for (let at = 0; at < small.length; at += tablesTogether) groups.push(small.slice(at, at + tablesTogether));
  return groups.filter(({ length }) => length > 1);
}
