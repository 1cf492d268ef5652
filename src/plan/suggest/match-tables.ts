import type { Catalog, Relation } from '../../contract/catalog';
import { matchColumns } from './match-columns';
import { nameSimilarity } from './name-similarity';

export interface TableMatch {
  /** Name of the source connection. */
  readonly connection: string;
  readonly source: Relation;
  readonly target: Relation;
  readonly score: number;
}

export function isMappable(relation: Relation): boolean {
  return (relation.kind === 'table' || relation.kind === 'partitioned') && relation.partitionOf === null;
}

/** Pairs of tables by the likeness of their names and columns, each at most once, in the order of the target. */
export function matchTables(
  sources: Readonly<Record<string, { readonly catalog: Catalog }>>,
  target: Catalog,
): TableMatch[] {
  const pairs: TableMatch[] = [];
  const targets = target.relations.filter(isMappable);
  for (const [connection, { catalog }] of Object.entries(sources))
    for (const from of catalog.relations.filter(isMappable))
      for (const to of targets) {
        const name = from.name === to.name ? 1 : nameSimilarity(from.name, to.name);
        const columns = matchColumns(from, to);
        const share =
          to.columns.length === 0 ? 0 : columns.reduce((sum, one) => sum + one.score, 0) / to.columns.length;
        const score = 0.6 * name + 0.4 * share;
        if (score >= 0.4 && (name >= 0.5 || share >= 0.6)) pairs.push({ connection, source: from, target: to, score });
      }
  pairs.sort((a, b) => b.score - a.score);
  const used = new Set<Relation>();
  const chosen = pairs.filter((pair) => {
    if (used.has(pair.source) || used.has(pair.target)) return false;
    used.add(pair.source).add(pair.target);
    return true;
  });
  return chosen.sort((a, b) => targets.indexOf(a.target) - targets.indexOf(b.target));
}
