import type { CompiledColumn, CompiledMapping } from '../contract/compiled';
import { compileColumns, readColumns, formattedBySource } from './compile-columns';
import {
  checkCoverage,
  checkNames,
  checkReasons,
  compileChecks,
  compileReferences,
  compileUniques,
  referencedColumns,
  trialColumns,
} from './compile-constraints';
import { compileReasons } from './compile-reasons';
import { warnWithoutKey } from './checks/check-without-key';
import type { MappingWork } from './mapping-work';
import { findColumn, pathOf } from './mapping-work';
import { sizedColumns, sizeReasons } from './statements/row-size';
import { tableKey } from './key/table-key';
import { isPhysical } from './key/row-identity';
import { chooseSourceKey } from './key/source-key';
import { sourceStatements } from './statements/source-statements';
import { chooseTargetKey, isInjective } from './key/target-key';
import { targetStatements } from './statements/target-statements';
import { holdsCharacters, untranslatableSql } from '../transform/untranslatable';
import { isBinaryStable } from './statements/type-facts';

/** One mapping compiled; null when a problem keeps it from being so. Everything found is reported through `work.problems`. */
export function compileMapping(work: MappingWork, sha256: (bytes: Uint8Array) => Uint8Array): CompiledMapping | null {
  const { mapping, from, source, problems } = work;
  const { encoding } = work.target.server;
  const targetEncoding = encoding === 'UTF8' ? {} : { targetEncoding: encoding };
  const context = { encoding: source.server.encoding, ...targetEncoding, sha256 };
  const key = chooseSourceKey(work);
  const loaded = compileColumns(work);
  checkCoverage(work, loaded);
  checkNames(work);
  checkUnmapped(work);
  const references = compileReferences(work);
  const targetKey = chooseTargetKey(work, loaded, key !== null && isPhysical(key.columns));
  if (key === null || targetKey === null || problems.failed) return null;
  warnLooseKeys(
    work,
    key.columns.map(({ name }) => name),
    targetKey.map(({ name }) => name),
  );
  warnWithoutKey(work, key.columns, targetKey);
  const referenced = referencedColumns(work, loaded, targetKey);
  const columns = loaded.map((column) =>
    referenced.includes(column.target) ? { ...column, cast: formattedBySource(column.cast) } : column,
  );
  const reasons = compileReasons(mapping.name, columns, context);
  const checks = compileChecks(work, columns, reasons.length);
  const ofChecks = checkReasons(checks);
  const large = sizedColumns({ columns, estimatedBytes: from.estimatedBytes });
  const all = [...reasons, ...ofChecks, ...sizeReasons(mapping.name, large, reasons.length + ofChecks.length)];
  const facts = {
    name: mapping.name,
    source: mapping.source,
    from: mapping.from,
    target: mapping.target,
    encoding: source.server.encoding,
    ...targetEncoding,
    estimatedRows: Math.max(0, from.estimatedRows),
    estimatedBytes: Math.max(0, from.estimatedBytes),
    key: key.columns,
    keyProven: key.proven,
    targetKey,
    targetKeyInjective: key.proven && isInjective(work, key.columns, targetKey, columns),
    where: mapping.where,
    // of a partitioned table ONLY would read nothing
    only: mapping.only && from.inherited,
    id: mapping.id,
    columns,
    rawColumns: rawColumns(work, columns),
    reasons: all,
    uniques: compileUniques(work),
    references,
    checks,
    referencedColumns: referenced,
    trialColumns: trialColumns(work, columns, referenced, checks),
    copyFormat: columns.every(travelsBinary) ? ('binary' as const) : ('text' as const),
    whenNotEmpty: mapping.whenNotEmpty,
    onBadRow: mapping.onBadRow,
    maxBadRows: mapping.maxBadRows,
    rules: mapping.rules,
  };
  return { ...facts, statements: { ...sourceStatements(facts, context), ...targetStatements(facts) } };
}

function travelsBinary(column: CompiledColumn): boolean {
  return isBinaryStable(column.type);
}

/** What TypeScript reads to recompute the columns: each source column and each expression of the user once. */
function rawColumns({ from, source }: MappingWork, columns: readonly CompiledColumn[]): CompiledMapping['rawColumns'] {
  const raw = new Map<string, CompiledMapping['rawColumns'][number]>();
  const marked = (type: string): { marked?: true } =>
    holdsCharacters(type) && untranslatableSql(source.server.encoding, '') !== null ? { marked: true } : {};
  for (const column of columns) {
    for (const [index, name] of column.from.entries()) {
      const type = findColumn(from, name)?.type.name ?? 'text';
      raw.set(`column ${name}`, { name, type, sql: false, ...marked(column.inputTypes[index] ?? type) });
    }
    if (column.sql !== undefined)
      raw.set(`sql ${column.sql}`, { name: column.sql, type: 'text', sql: true, ...marked('text') });
  }
  return [...raw.values()];
}

function checkUnmapped(work: MappingWork): void {
  const { mapping, from, problems } = work;
  const read = readColumns(work);
  mapping.ignore.forEach((name, index) => {
    const direct =
      mapping.columns.some((column) => column.from.includes(name)) || mapping.id?.from.includes(name) === true;
    if (direct) {
      problems.warning('RP2043', `"${name}" of ${tableKey(from)} is both mapped and ignored.`, {
        path: pathOf(mapping, 'ignore', index),
        object: `${tableKey(from)}.${name}`,
      });
    }
  });
  if (mapping.unmappedSourceColumns === 'ignore') return;
  for (const column of from.columns) {
    if (read.has(column.name) || mapping.ignore.includes(column.name)) continue;
    // computed on both sides
    if (column.generated && findColumn(work.into, column.name)?.generated === true) continue;
    const report =
      mapping.unmappedSourceColumns === 'error' ? problems.error.bind(problems) : problems.warning.bind(problems);
    report('RP2009', `Nothing reads "${column.name}" of ${tableKey(from)}.`, {
      path: pathOf(mapping),
      object: `${tableKey(from)}.${column.name}`,
    });
  }
}

function warnLooseKeys(
  { mapping, from, into, problems }: MappingWork,
  key: readonly string[],
  targetKey: readonly string[],
): void {
  for (const [relation, names] of [[from, key] as const, [into, targetKey] as const]) {
    for (const name of names) {
      if (findColumn(relation, name)?.nondeterministic !== true) continue;
      problems.warning(
        'RP2027',
        `The key column "${name}" of ${tableKey(relation)} has a nondeterministic collation.`,
        {
          path: pathOf(mapping),
          object: `${tableKey(relation)}.${name}`,
        },
      );
    }
  }
}
