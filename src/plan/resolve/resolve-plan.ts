import type { Catalog } from '../../contract/catalog';
import type { PlanDocument } from '../../contract/plan-file';
import type { DecisionPlan, MappingPlan, ResolvedPlan } from '../../contract/resolved-plan';
import type { Problem } from '../../errors/rowproof-error';
import type { Report } from '../check/check-context';
import { createReport } from '../check/check-context';
import { checkSql } from '../check/check-sql';
import { connectionsOf } from './connections';
import type { Catalogs, ExpandedTable } from './expand-tables';
import { expandTables, findRelation } from './expand-tables';
import { findTable } from './find-table';
import { mappingNames } from './mapping-names';
import type { Locate, PlanPath } from '../position';
import { matchPattern, parsePattern, writeQualifiedName } from './qualified-name';
import { idColumn, resolveColumns, resolveId } from './resolve-columns';
import { resolveReferences } from './resolve-references';
import { rowLimitOf, settingsOf } from './settings';
import { asList, stepSpec } from './steps';

export interface ResolvedResult {
  /** Null when there is any problem. */
  readonly plan: ResolvedPlan | null;
  readonly problems: readonly Problem[];
  /** Place of each mapping in the plan file, by mapping name: for `locate`. */
  readonly paths: Readonly<Record<string, PlanPath>>;
}

function decisions(document: PlanDocument): DecisionPlan[] {
  return Object.entries(document.decisions ?? {})
    .map(([finding, { do: action, expect, because, by }]): DecisionPlan => ({
      finding,
      do: action,
      expect:
        expect === undefined
          ? null
          : typeof expect === 'number'
            ? { rows: expect, tolerance: 0 }
            : { rows: expect.rows, tolerance: expect.tolerance ?? 0 },
      because,
      by,
    }))
    .sort((a, b) => specificity(b.finding) - specificity(a.finding) || (a.finding < b.finding ? -1 : 1));
}

/** Exact ids first, then patterns with more fixed text: whoever takes the first match takes the nearest one. */
function specificity(finding: string): number {
  return finding.includes('*') ? finding.replaceAll('*', '').length : Number.MAX_SAFE_INTEGER;
}

/** Ignored tables by name, patterns replaced by the tables of the sources that they match. */
function ignoredTables(document: PlanDocument, catalogs: Catalogs): string[] {
  const patterns = (document.ignore_tables ?? []).flatMap((text) => parsePattern(text) ?? []);
  const names = Object.values(catalogs.sources).flatMap((catalog: Catalog) =>
    catalog.relations
      .filter((relation) => patterns.some((pattern) => matchPattern(pattern, relation) !== null))
      .map((relation) => `${relation.schema}.${relation.name}`),
  );
  return [...new Set(names)].sort();
}

function checkMapping(entry: ExpandedTable, mapping: MappingPlan, catalogs: Catalogs, report: Report): void {
  const source = findRelation(catalogs.sources[entry.source], entry.from);
  const key = idColumn(entry.table.id, findRelation(catalogs.target, entry.target));
  if (entry.table.id?.column === undefined && key !== null && mapping.columns.some((column) => column.target === key))
    report.add(
      'RP1007',
      `\`${key}\` is the primary key, which takes the id, and is also under \`columns\`.`,
      [...entry.path, 'columns', key],
      {
        fix: 'Remove it from `columns`, or let `id` name another column.',
      },
    );
  if (source === null) return;
  const types = (name: string): string | null =>
    source.columns.find((column) => column.name === name)?.type.name ?? null;
  const check = (sql: string, path: PlanPath): void => {
    for (const { code, what, why, fix } of checkSql(sql, types))
      report.add(code, what, path, { ...(why === undefined ? {} : { why }), ...(fix === undefined ? {} : { fix }) });
  };
  if (mapping.where !== null) check(mapping.where, [...entry.path, 'where']);
  for (const column of mapping.columns)
    if (column.sql !== undefined) check(column.sql, [...entry.path, 'columns', column.target, 'sql']);
}

/** A parsed plan with both catalogs: patterns expanded, defaults filled in, references resolved to mapping names. */
export function resolvePlan(document: PlanDocument, catalogs: Catalogs, locate: Locate): ResolvedResult {
  const report = createReport(locate);
  const entries = expandTables(document, catalogs, report);
  const names = mappingNames(entries.map((entry) => entry.target));
  const defaults = document.defaults ?? {};
  const drafts = entries.map((entry, index): MappingPlan => {
    const { table } = entry;
    const target = findRelation(catalogs.target, entry.target);
    const whenNotEmpty = table.when_not_empty ?? defaults.when_not_empty ?? 'refuse';
    return {
      name: names[index] as string,
      target: entry.target,
      source: entry.source,
      from: entry.from,
      key: table.key === undefined ? null : asList(table.key),
      where: table.where ?? null,
      only: table.only ?? false,
      id: resolveId(table.id),
      columns: resolveColumns(table, findRelation(catalogs.sources[entry.source], entry.from), target),
      ignore: table.ignore ?? [],
      whenNotEmpty: whenNotEmpty === 'append' ? 'refuse' : whenNotEmpty,
      onBadRow: table.on_bad_row ?? defaults.on_bad_row ?? 'quarantine',
      maxBadRows: rowLimitOf(table.max_bad_rows ?? defaults.max_bad_rows),
      unmappedSourceColumns: table.unmapped_source_columns ?? defaults.unmapped_source_columns ?? 'error',
      ...(table.validate === true ? { validate: true as const } : {}),
      rules: Object.fromEntries(Object.entries(table.rules ?? {}).map(([name, rules]) => [name, rules.map(stepSpec)])),
    };
  });
  const columns = resolveReferences(
    drafts.map((draft, index) => {
      const entry = entries[index] as ExpandedTable;
      const key = findRelation(catalogs.target, entry.target)?.primaryKey?.columns ?? [];
      return {
        name: draft.name,
        target: draft.target,
        columns: draft.columns,
        idInputs: draft.id?.from.length ?? null,
        keyColumn: key.length === 1 ? (key[0] as string) : null,
        path: entry.path,
      };
    }),
    report,
  );
  const mappings = drafts.map((draft) => ({ ...draft, columns: columns.get(draft.name) ?? draft.columns }));
  mappings.forEach((mapping, index) => checkMapping(entries[index] as ExpandedTable, mapping, catalogs, report));

  const targets = mappings.map((mapping) => writeQualifiedName(mapping.target));
  const spotChecks = Object.entries(document.spot_checks ?? {}).flatMap(([name, check]) => {
    const byName = mappings.find((mapping) => mapping.name === check.table);
    const key = findTable(check.table, targets);
    const mapping = byName ?? mappings.find((one) => writeQualifiedName(one.target) === key);
    if (mapping === undefined) {
      report.add('RP1017', `\`${check.table}\` is not a table of this plan.`, ['spot_checks', name, 'table'], {
        why: 'A spot check compares rows of a table under `tables`.',
        fix: 'Name a table under `tables`.',
      });
      return [];
    }
    return [{ name, mapping: mapping.name, file: check.file }];
  });

  const plan: ResolvedPlan = {
    version: 1,
    name: document.name,
    ...connectionsOf(document),
    capture: document.capture ?? 'none',
    mappings,
    decisions: decisions(document),
    spotChecks,
    unmappedSourceTables: defaults.unmapped_source_tables ?? 'warn',
    ignoreSourceTables: ignoredTables(document, catalogs),
    settings: settingsOf(document),
  };
  const paths = Object.fromEntries(
    mappings.map((mapping, index) => [mapping.name, (entries[index] as ExpandedTable).path]),
  );
  return { plan: report.problems.length === 0 ? plan : null, problems: report.problems, paths };
}
