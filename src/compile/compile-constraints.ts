import type { CheckSpec, CompiledColumn, KeyColumn, ReasonSpec, ReferenceSpec, UniqueSpec } from '../contract/compiled';
import type { MappingWork } from './mapping-work';
import { domainsUnder, pathOf, refusesNull, sameTable } from './mapping-work';
import { tableKey } from './key/table-key';
import { findColumn, findRelation } from './mapping-work';
import { namesColumn } from './statements/names-column';
import { sourceCheck } from './source-check';

/** Unique indexes of the target, the primary key first. */
export function compileUniques({ mapping, into }: MappingWork): UniqueSpec[] {
  const indexes = into.indexes.filter((index) => index.unique && !index.exclusion);
  return [...indexes]
    .sort((a, b) => Number(b.primary) - Number(a.primary))
    .map((index) => {
      const columns = index.columns.filter((name): name is string => name !== null);
      const whole = columns.length === index.columns.length && index.predicate === null;
      return {
        name: index.name,
        primary: index.primary,
        columns,
        expressions: index.keyExpressions,
        predicate: index.predicate,
        nullsNotDistinct: index.nullsNotDistinct,
        finding: `${mapping.name}.${whole ? columns.join('+') : index.name}.unique`,
      };
    });
}

/** In the order in which the target looks at them: CHECKs of domains, then of the table. The reasons of those that the source evaluates follow `last`. */
export function compileChecks(work: MappingWork, loaded: readonly CompiledColumn[], last: number): CheckSpec[] {
  const { mapping, into, target, source } = work;
  const checks = [
    ...loaded.flatMap((column) =>
      column.type.kind === 'domain'
        ? domainsUnder(target, column.type.name)
            .reverse()
            .flatMap((domain) => domain.checks.map((check) => ({ ...check, columns: [column.target], ofDomain: true })))
        : [],
    ),
    ...into.checks.map((check) => ({ ...check, ofDomain: false })),
  ];
  let reason = last;
  return checks.map(({ name, columns, expression, ofDomain }) => {
    const subject = ofDomain ? columns.join('+') : name;
    const spec = { name, columns, expression, ofDomain, reason: null, finding: `${mapping.name}.${subject}.check` };
    // a nondeterministic collation holds different texts for equal
    const plain = columns.every((column) => findColumn(into, column)?.nondeterministic !== true);
    const portable = plain && sourceCheck(spec, loaded, source.server.encoding) !== null;
    return portable ? { ...spec, reason: ++reason } : spec;
  });
}

/** Reasons of the CHECKs that the source evaluates. */
export function checkReasons(checks: readonly CheckSpec[]): ReasonSpec[] {
  return checks.flatMap(({ name, columns, finding, reason }) =>
    reason === null
      ? []
      : [
          {
            index: reason,
            column: columns.length === 1 ? (columns[0] as string) : '',
            kind: 'check',
            transform: 'target',
            finding,
            check: name,
            sqlstate: '23514',
          },
        ],
  );
}

/** Foreign keys of the target table, with the mapping that loads the parent. */
export function compileReferences(work: MappingWork): ReferenceSpec[] {
  const { plan, mapping, into, target, problems } = work;
  const references = into.foreignKeys.map((key) => {
    const parent = plan.mappings.find((one) => sameTable(one.target, key.references));
    const columns = mapping.columns.filter((column) => key.columns.includes(column.target));
    const loaded = columns.length > 0 || key.columns.some((name) => mapping.id?.column === name);
    if (parent === undefined && loaded && (findRelation(target, key.references)?.estimatedRows ?? 0) <= 0) {
      problems.warning(
        'RP2035',
        `${tableKey(into)} refers to ${tableKey(key.references)}, which the plan does not fill and which seems empty.`,
        { path: pathOf(mapping), object: tableKey(into) },
      );
    }
    return {
      constraint: key.name,
      columns: key.columns,
      parent: { schema: key.references.schema, name: key.references.name },
      parentColumns: key.referencedColumns,
      ...(key.operators === undefined ? {} : { operators: key.operators }),
      parentMapping: parent?.name ?? null,
      parentOutOfScope: columns.some((column) => column.parentOutOfScope === 'out_of_scope')
        ? ('out_of_scope' as const)
        : ('quarantine' as const),
      matchFull: key.matchFull,
      finding: `${mapping.name}.${key.columns.join('+')}.orphan`,
    };
  });
  for (const column of mapping.columns) {
    if (column.ref === undefined || into.foreignKeys.some((key) => key.columns.includes(column.target))) continue;
    problems.warning(
      'RP2016',
      `${tableKey(into)}.${column.target} follows ${column.ref} without a foreign key in the target.`,
      {
        path: pathOf(mapping, 'columns', column.target),
        object: `${tableKey(into)}.${column.target}`,
      },
    );
  }
  return references;
}

/**
 * Loaded columns that foreign keys of mapped tables point to, and the part of the target key that refers to others: what the quarantine
 * keeps of a row, so that settle and the proof know which parent a row that is not there would have been, or missed.
 */
export function referencedColumns(
  work: MappingWork,
  loaded: readonly CompiledColumn[],
  key: readonly KeyColumn[],
): string[] {
  const { plan, target, mapping, into } = work;
  const refers = new Set(into.foreignKeys.flatMap(({ columns }) => columns));
  const pointed = new Set(key.map(({ name }) => name).filter((name) => refers.has(name)));
  for (const other of plan.mappings) {
    for (const foreign of findRelation(target, other.target)?.foreignKeys ?? []) {
      if (sameTable(foreign.references, mapping.target))
        for (const name of foreign.referencedColumns) pointed.add(name);
    }
  }
  return loaded.filter((column) => pointed.has(column.target)).map((column) => column.target);
}

/** Loaded columns that a rule of the target reads which the source does not evaluate, or whose values only the target can judge. */
export function trialColumns(
  { into }: MappingWork,
  loaded: readonly CompiledColumn[],
  referenced: readonly string[],
  checks: readonly CheckSpec[],
): string[] {
  const open = checks.filter((check) => check.reason === null);
  const plain = new Set([
    ...referenced,
    ...into.foreignKeys.flatMap((key) => key.columns),
    ...open.flatMap((check) => check.columns),
  ]);
  const texts = [
    ...into.indexes
      .filter((index) => index.unique)
      .flatMap((index) => [...index.keyExpressions, index.predicate ?? '']),
    ...open.map((check) => check.expression),
  ];
  return loaded
    .filter(
      (column) =>
        column.trial !== undefined ||
        plain.has(column.target) ||
        texts.some((text) => namesColumn(text, column.target)),
    )
    .map((column) => column.target);
}

/** Target columns that no row could be without, and that the plan does not give. */
export function checkCoverage(work: MappingWork, loaded: readonly CompiledColumn[]): void {
  const { mapping, into, target, problems } = work;
  const given = new Set([...loaded.map((column) => column.target), ...mapping.columns.map((column) => column.target)]);
  for (const column of into.columns) {
    const filled = column.hasDefault || column.identity !== '' || column.generated || given.has(column.name);
    if (filled || !refusesNull(target, column)) continue;
    // reported as the key or the id already
    if (mapping.id !== null && into.primaryKey?.columns.includes(column.name) === true) continue;
    const object = `${tableKey(into)}.${column.name}`;
    problems.error('RP2006', `${object} is NOT NULL, has no default, and the plan gives it no value.`, {
      path: pathOf(mapping, 'columns'),
      object,
    });
  }
}

/** `ignore` and `rules` that name columns which do not exist. */
export function checkNames(work: MappingWork): void {
  const { mapping, from, into, problems } = work;
  mapping.ignore.forEach((name, index) => {
    if (findColumn(from, name) !== undefined) return;
    problems.error('RP2036', `${tableKey(from)} has no column "${name}" to ignore.`, {
      path: pathOf(mapping, 'ignore', index),
      object: tableKey(from),
    });
  });
  for (const name of Object.keys(mapping.rules)) {
    if (findColumn(into, name) !== undefined) continue;
    problems.error('RP2036', `${tableKey(into)} has no column "${name}" for the rules.`, {
      path: pathOf(mapping, 'rules', name),
      object: tableKey(into),
    });
  }
}
