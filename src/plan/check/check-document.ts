import type { PlanDocument } from '../../contract/plan-file';
import type { QualifiedName } from '../../contract/catalog';
import type { Report } from './check-context';
import { checkReferences } from './check-references';
import { checkSettings } from './check-settings';
import { checkTable } from './check-table';
import { findTable, patternMayBring } from '../resolve/find-table';
import { didYouMean } from './nearest';
import { laterValues } from '../plan-later';
import type { PlanPath } from '../position';
import { isPattern, parsePattern, parseQualifiedName, sameName } from '../resolve/qualified-name';
import { rowLimitOf } from '../resolve/settings';
import { holdsPassword } from './url-secrets';

function checkConnections(document: PlanDocument, report: Report): void {
  const named = [
    ...Object.entries(document.sources).map(([name, one]) => [['sources', name], one] as const),
    [['target'], document.target] as const,
  ];
  for (const [path, one] of named) {
    const url = typeof one === 'string' ? one : one.url;
    const at = typeof one === 'string' ? path : [...path, 'url'];
    if (url !== undefined) {
      if (holdsPassword(url)) report.add('RP1011', 'A connection contains its password.', at);
      else if (!url.includes('${') && !/^postgres(ql)?:\/\//.test(url))
        report.add('RP1004', 'The url of a connection is not a PostgreSQL url.', at, {
          fix: 'Write `${NAME}`, or `postgresql://user@host/database`.',
        });
    }
    if (typeof one === 'string') continue;
    const ways = (['url', 'url_file', 'env_prefix'] as const).filter((way) => one[way] !== undefined);
    if (ways.length > 1)
      report.add('RP1004', `The connection is given in several ways: ${ways.join(', ')}.`, path, {
        fix: 'Keep one of them.',
      });
  }
}

function checkLater(document: PlanDocument, report: Report): void {
  const check = (key: string, value: string | undefined, path: PlanPath): void => {
    if (value !== undefined && (laterValues[key] ?? []).includes(value))
      report.add('RP1010', `\`${key}: ${value}\` is not in this version of rowproof.`, path, {
        fix:
          key === 'capture'
            ? 'Write `capture: triggers`, `capture: logical`, or `capture: none` for a source that is quiet while the run lasts.'
            : 'Use refuse or replace.',
      });
  };
  check('capture', document.capture, ['capture']);
  check('when_not_empty', document.defaults?.when_not_empty, ['defaults', 'when_not_empty']);
  for (const [key, table] of Object.entries(document.tables))
    check('when_not_empty', table.when_not_empty, ['tables', key, 'when_not_empty']);
}

function checkLimits(document: PlanDocument, report: Report): void {
  const check = (limit: Parameters<typeof rowLimitOf>[0], path: PlanPath): void => {
    const { rows, percent } = rowLimitOf(limit);
    if (percent !== null && percent > 100) report.add('RP1004', '`max_bad_rows` is above 100 %.', path);
    if (rows === null && percent === null)
      report.add('RP1004', '`max_bad_rows` says nothing.', path, { fix: 'Give rows, percent, or both.' });
  };
  check(document.defaults?.max_bad_rows, ['defaults', 'max_bad_rows']);
  for (const [key, table] of Object.entries(document.tables))
    check(table.max_bad_rows, ['tables', key, 'max_bad_rows']);
}

/**
 * Everything about a well-formed plan that needs no catalog. `tableKeys` are all keys under `tables` as written, also of
 * entries that were left out of `document` because they are not well-formed.
 */
export function checkDocument(document: PlanDocument, tableKeys: readonly string[], report: Report): void {
  checkConnections(document, report);
  checkLater(document, report);
  checkLimits(document, report);
  checkSettings(document, report);
  const seen: { key: string; name: QualifiedName }[] = [];
  for (const [key, table] of Object.entries(document.tables)) {
    const name = isPattern(key) ? null : parseQualifiedName(key);
    const twin = name === null ? undefined : seen.find((other) => sameName(other.name, name));
    if (twin !== undefined)
      report.add('RP1008', `\`${key}\` and \`${twin.key}\` are the same target table.`, ['tables', key]);
    else if (name !== null) seen.push({ key, name });
    checkTable(key, table, document, report);
  }
  checkReferences(document, tableKeys, report);
  (document.ignore_tables ?? []).forEach((name, index) => {
    if (parsePattern(name) === null)
      report.add('RP1021', 'An ignored table is not of the form schema.table.', ['ignore_tables', index]);
  });
  for (const [name, check] of Object.entries(document.spot_checks ?? {})) {
    const path = ['spot_checks', name];
    if (findTable(check.table, tableKeys) === null && !patternMayBring(check.table, tableKeys))
      report.add(
        'RP1017',
        `\`${check.table}\` is not a table of this plan.${didYouMean(check.table, tableKeys)}`,
        [...path, 'table'],
        { why: 'A spot check compares rows of a table under `tables`.', fix: 'Name a table under `tables`.' },
      );
    if (/^([/\\]|[A-Za-z]:)/.test(check.file) || check.file.split(/[/\\]/).includes('..'))
      report.add('RP1004', 'The file of a spot check lies outside the folder of the plan.', [...path, 'file'], {
        fix: 'Put it beside the plan and name it relative to the plan.',
      });
  }
}
