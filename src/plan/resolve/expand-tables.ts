import type { Catalog, QualifiedName, Relation } from '../../contract/catalog';
import type { PlanDocument } from '../../contract/plan-file';
import type { TableDocument } from '../../contract/plan-table';
import type { Report } from '../check/check-context';
import { patternEntries, plainEntries } from './find-table';
import type { PlanPath } from '../position';
import {
  fillPattern,
  matchPattern,
  parsePattern,
  parseQualifiedName,
  sameName,
  writeQualifiedName,
} from './qualified-name';

export interface Catalogs {
  readonly sources: Readonly<Record<string, Catalog>>;
  readonly target: Catalog;
}

/** One target table with its entry, after patterns: `table.from`, `table.columns` and `source` are settled. */
export interface ExpandedTable {
  readonly target: QualifiedName;
  readonly from: QualifiedName;
  readonly source: string;
  readonly table: TableDocument;
  /** Place of the entry in the plan: `tables` and the key as written. */
  readonly path: PlanPath;
}

export function findRelation(catalog: Catalog | undefined, name: QualifiedName): Relation | null {
  return catalog?.relations.find((relation) => sameName(relation, name)) ?? null;
}

function isTable(relation: Relation, kinds: readonly Relation['kind'][]): boolean {
  return kinds.includes(relation.kind) && relation.partitionOf === null;
}

function sourceOf(table: TableDocument, document: PlanDocument): string {
  return table.source ?? (Object.keys(document.sources)[0] as string);
}

interface Pattern {
  readonly key: string;
  readonly table: TableDocument;
  from(target: QualifiedName): QualifiedName | null;
}

function patterns(document: PlanDocument): Pattern[] {
  return patternEntries(document).flatMap(({ key, table }) => {
    const target = parsePattern(key);
    const from = parsePattern(table.from ?? '');
    if (target === null || from === null) return [];
    return [
      {
        key,
        table,
        from: (name: QualifiedName) => {
          const stars = matchPattern(target, name);
          return stars === null ? null : fillPattern(from, stars);
        },
      },
    ];
  });
}

function isExcluded(table: TableDocument, ...names: QualifiedName[]): boolean {
  return (table.exclude ?? []).some((text) => {
    const pattern = parsePattern(text);
    return pattern !== null && names.some((name) => matchPattern(pattern, name) !== null);
  });
}

/**
 * Every table of the plan. An entry of its own wins over a pattern and takes from it what it does not say itself; a
 * pattern brings the tables of the target catalog that match and whose counterpart exists in the source.
 */
export function expandTables(document: PlanDocument, catalogs: Catalogs, report: Report): ExpandedTable[] {
  const all = patterns(document);
  const expanded: ExpandedTable[] = [];
  for (const { key, table } of plainEntries(document)) {
    const target = parseQualifiedName(key);
    if (target === null) continue;
    const pattern = all.find((one) => one.from(target) !== null);
    const { exclude: _, ...inherited } = pattern?.table ?? {};
    const merged: TableDocument = { columns: '*', ...inherited, ...table };
    const from = table.from === undefined ? pattern?.from(target) : parseQualifiedName(table.from);
    if (from === null || from === undefined) continue;
    expanded.push({ target, from, source: sourceOf(merged, document), table: merged, path: ['tables', key] });
  }
  const broughtBy = new Map<string, string>();
  for (const pattern of all) {
    let brought = 0;
    for (const relation of catalogs.target.relations) {
      if (!isTable(relation, ['table', 'partitioned'])) continue;
      const target = { schema: relation.schema, name: relation.name };
      const from = pattern.from(target);
      if (from === null || isExcluded(pattern.table, target, from)) continue;
      const source = sourceOf(pattern.table, document);
      const origin = findRelation(catalogs.sources[source], from);
      if (origin === null || !isTable(origin, ['table', 'partitioned', 'foreign table'])) continue;
      brought += 1;
      if (
        expanded.some(
          (one) =>
            one.path[1] !== pattern.key &&
            !broughtBy.has(writeQualifiedName(one.target)) &&
            sameName(one.target, target),
        )
      )
        continue;
      const name = writeQualifiedName(target);
      const other = broughtBy.get(name);
      if (other !== undefined) {
        report.add('RP1008', `\`${pattern.key}\` and \`${other}\` both fill ${name}.`, ['tables', pattern.key], {
          fix: `Give ${name} an entry of its own, or add it to \`exclude\` of one pattern.`,
        });
        continue;
      }
      broughtBy.set(name, pattern.key);
      expanded.push({ target, from, source, table: { columns: '*', ...pattern.table }, path: ['tables', pattern.key] });
    }
    if (brought === 0)
      report.add(
        'RP1020',
        `\`${pattern.key}\` matches no target table that has a counterpart in the source.`,
        ['tables', pattern.key],
        {
          fix: 'Compare the names on both sides; `init` pairs tables whose names differ.',
        },
      );
  }
  return expanded;
}
