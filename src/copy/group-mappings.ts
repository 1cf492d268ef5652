interface Sized {
  readonly name: string;
  readonly estimatedRows: number;
  readonly estimatedBytes: number;
}

const bigTable = 64 * 1024 * 1024;
const maxChildren = 24;
const maxGroups = 6;

/** Which mappings share a copy workflow: each big table its own, the small ones dealt into a few groups; biggest first. */
export function groupMappings(mappings: readonly Sized[]): readonly (readonly string[])[] {
  const bySize = [...mappings].sort((a, b) => b.estimatedBytes - a.estimatedBytes || (a.name < b.name ? -1 : 1));
  const alone = bySize.filter((mapping) => mapping.estimatedBytes >= bigTable).slice(0, maxChildren);
  const rest = bySize.slice(alone.length);
  const groups: string[][] = Array.from({ length: Math.min(maxGroups, Math.ceil(rest.length / 4)) }, () => []);
  rest.forEach((mapping, at) => groups[at % groups.length]?.push(mapping.name));
  return [...alone.map((mapping) => [mapping.name]), ...groups];
}
