import type { PlanDocument } from '../../contract/plan-file';
import type { IdDocument } from '../../contract/plan-column';
import type { TableDocument } from '../../contract/plan-table';
import { checkColumn, checkExpression } from './check-column';
import type { Report } from './check-context';
import { didYouMean } from './nearest';
import type { PlanPath } from '../position';
import { isPattern, matchPattern, parsePattern, parseQualifiedName, starsIn } from '../resolve/qualified-name';
import { asList, stepSpec } from '../resolve/steps';
import { parseRule } from '../../validate/rules/registry';

function checkId(id: IdDocument, table: TableDocument, path: PlanPath, report: Report): void {
  const kinds = (['keep', 'offset', 'uuid_from'] as const).filter((kind) => id[kind] !== undefined);
  if (kinds.length !== 1)
    report.add(
      'RP1019',
      kinds.length === 0 ? 'The id has no origin.' : `The id has several origins: ${kinds.join(', ')}.`,
      path,
      {
        why: 'An id is kept, or shifted, or computed.',
        fix: 'Keep exactly one of keep, offset and uuid_from.',
      },
    );
  const from = asList(id.uuid_from);
  if (new Set(from).size < from.length) report.add('RP1019', 'A source column is named twice.', [...path, 'uuid_from']);
  if (
    id.column !== undefined &&
    table.columns !== undefined &&
    table.columns !== '*' &&
    Object.hasOwn(table.columns, id.column)
  )
    report.add(
      'RP1007',
      `\`${id.column}\` takes the id and is also under \`columns\`.`,
      [...path.slice(0, 2), 'columns', id.column],
      {
        fix: 'Remove it from `columns`, or let `id` name another column.',
      },
    );
}

function checkIgnored(table: TableDocument, path: PlanPath, report: Report): void {
  const used = new Set<string>([
    ...asList(table.id?.keep),
    ...asList(table.id?.offset?.from),
    ...asList(table.id?.uuid_from),
  ]);
  if (table.columns !== undefined && table.columns !== '*')
    for (const [target, column] of Object.entries(table.columns)) {
      if (target === '*') continue;
      for (const name of asList(typeof column === 'string' ? column : column.from)) used.add(name);
    }
  (table.ignore ?? []).forEach((name, index) => {
    if (used.has(name)) report.add('RP1018', `\`${name}\` is mapped and ignored.`, [...path, 'ignore', index]);
  });
}

function checkOrigin(
  key: string,
  table: TableDocument,
  covered: boolean,
  document: PlanDocument,
  report: Report,
): void {
  const path = ['tables', key];
  const pattern = isPattern(key);
  if (table.from === undefined) {
    if (!covered)
      report.add('RP1005', `\`from\` is missing in \`${key}\`.`, path, {
        fix: pattern ? 'Add `from` with as many `*`, such as `from: public.*`.' : 'Add `from: schema.table`.',
      });
  } else if (pattern) {
    const source = parsePattern(table.from);
    const target = parsePattern(key);
    if (source === null)
      report.add('RP1021', `\`from\` of \`${key}\` is not of the form schema.table.`, [...path, 'from']);
    else if (target !== null && starsIn(source) !== starsIn(target))
      report.add('RP1020', `\`${key}\` and its \`from\` have a different number of \`*\`.`, [...path, 'from'], {
        fix: 'Each `*` of the target stands for the same text in `from`.',
      });
  } else if (isPattern(table.from))
    report.add('RP1020', `\`from\` of \`${key}\` is a pattern, the table is not.`, [...path, 'from'], {
      fix: 'Name one relation, or use a pattern on both sides.',
    });
  else if (parseQualifiedName(table.from) === null)
    report.add('RP1021', `\`from\` of \`${key}\` is not of the form schema.table.`, [...path, 'from']);
  const sources = Object.keys(document.sources);
  if (table.source === undefined) {
    if (sources.length > 1 && !covered)
      report.add('RP1022', `\`${key}\` does not say which source it reads.`, path, {
        fix: `Add \`source:\` with one of: ${sources.join(', ')}.`,
      });
  } else if (!Object.hasOwn(document.sources, table.source))
    report.add(
      'RP1022',
      `There is no source \`${table.source}\`.${didYouMean(table.source, sources)}`,
      [...path, 'source'],
      { fix: `One of: ${sources.join(', ')}.` },
    );
}

/** One entry of `tables`, as far as it can be judged without catalogs. */
export function checkTable(key: string, table: TableDocument, document: PlanDocument, report: Report): void {
  const path = ['tables', key];
  const pattern = isPattern(key);
  const target = parseQualifiedName(key);
  if (pattern ? parsePattern(key) === null : target === null)
    report.add('RP1021', `\`${key}\` is not of the form schema.table.`, path);
  const covered =
    !pattern &&
    target !== null &&
    Object.keys(document.tables).some((other) => {
      const names = isPattern(other) ? parsePattern(other) : null;
      return names !== null && matchPattern(names, target) !== null;
    });
  checkOrigin(key, table, covered, document, report);
  if (table.columns === undefined && !pattern && !covered)
    report.add('RP1005', `\`columns\` is missing in \`${key}\`.`, path, {
      fix: 'Add `columns: "*"` for columns of the same name, or list them.',
    });
  if (table.exclude !== undefined && !pattern)
    report.add('RP1020', '`exclude` belongs to a pattern.', [...path, 'exclude'], {
      fix: 'Remove it, or write it in the entry with `*`.',
    });
  (table.exclude ?? []).forEach((name, index) => {
    if (parsePattern(name) === null)
      report.add('RP1021', 'An excluded table is not of the form schema.table.', [...path, 'exclude', index]);
  });
  const keyColumns = asList(table.key);
  if (new Set(keyColumns).size < keyColumns.length)
    report.add('RP1019', 'The key names a column twice.', [...path, 'key']);
  if (table.where !== undefined) checkExpression(table.where, [...path, 'where'], report);
  if (table.id !== undefined) checkId(table.id, table, [...path, 'id'], report);
  if (table.columns !== undefined && table.columns !== '*')
    for (const [name, column] of Object.entries(table.columns)) {
      const at = [...path, 'columns', name];
      if (name === '*') {
        if (column !== '*')
          report.add('RP1019', '`"*"` under `columns` takes only `"*"`.', at, {
            fix: 'Write `"*": "*"`: every other column of the same name.',
          });
      } else if (column === '*')
        report.add('RP1019', '`*` is not a source column.', at, {
          fix: 'Write `"*": "*"` for all columns of the same name.',
        });
      else if (typeof column !== 'string') checkColumn(column, at, report);
    }
  for (const [column, rules] of Object.entries(table.rules ?? {}))
    rules.forEach((rule, index) => {
      const parsed = parseRule(stepSpec(rule));
      if ('problem' in parsed)
        report.add('RP1024', `${parsed.problem}.`, [...path, 'rules', column, index], { fix: parsed.fix });
    });
  checkIgnored(table, path, report);
}
