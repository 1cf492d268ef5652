import type { ForeignKeyDetail } from '../rollback/step-detail';

/** A foreign key whose referencing rows the run loaded. */
export type OwnForeignKey = ForeignKeyDetail & { readonly mapping: string };

/**
 * Foreign keys in an order in which parents are settled before their children wherever there is such an order, so that one
 * round usually does; cycles and self references take more rounds. Stable: by constraint name within a table.
 */
export function settleOrder(keys: readonly ForeignKeyDetail[]): OwnForeignKey[] {
  const own = keys.filter((key): key is OwnForeignKey => key.mapping !== null);
  const parents = new Map<string, Set<string>>();
  for (const key of own) {
    const known = parents.get(key.mapping) ?? new Set<string>();
    if (key.parentMapping !== null && key.parentMapping !== key.mapping) known.add(key.parentMapping);
    parents.set(key.mapping, known);
  }
  const ordered: string[] = [];
  const visit = (name: string, path: ReadonlySet<string>): void => {
    if (ordered.includes(name) || path.has(name)) return;
    for (const parent of [...(parents.get(name) ?? [])].sort()) visit(parent, new Set([...path, name]));
    if (!ordered.includes(name)) ordered.push(name);
  };
  for (const name of [...parents.keys()].sort()) visit(name, new Set());
  const rank = new Map(ordered.map((name, index) => [name, index]));
  return [...own].sort(
    (a, b) =>
      (rank.get(a.mapping) as number) - (rank.get(b.mapping) as number) ||
      compare(a.name, b.name) ||
      compare(`${a.relation.schema} ${a.relation.name}`, `${b.relation.schema} ${b.relation.name}`),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
