import type { CompiledMapping, ReasonSpec } from '../../contract/compiled';
import { literal } from '../../sql/quote';
import type { TransformContext } from '../../transform/transform';
import type { ColumnSql } from './column-to-sql';
import { columnToSql, sourceColumn } from './column-to-sql';
import { rangeExpression } from '../key/key-order';
import { keyTextOfColumns, keyTextSql } from '../key/key-text';
import { isTooLarge, sizedColumns, wireSize } from './row-size';
import { sourceCheck } from '../source-check';
import { insideSample, outsideSample } from '../with-sample';
import type { Deferred, Placed } from '../levels';
import { Levels } from '../levels';
import { contentKeySql, isMultiset, sourceRows } from '../key/row-identity';

/** A mapping before its statements are written. */
export type MappingFacts = Omit<CompiledMapping, 'statements'>;

/** `when` is true where the row has the reason of this index. */
export interface ReasonTest {
  readonly reason: number;
  readonly when: Deferred;
}

export type Scope = 'in' | 'out' | 'all';

/** One statement over the source of a mapping while it is written: its levels, its key, its columns. */
export class SourceSelect {
  readonly levels = new Levels();
  private readonly built = new Map<string, ColumnSql>();
  private readonly reasons = new Map<string, Placed>();

  constructor(
    readonly mapping: MappingFacts,
    private readonly context: TransformContext,
  ) {}

  /** The source key text, named "k". */
  key(): Placed {
    const parts = this.mapping.key.map((column) => `${sourceColumn(this.mapping.from, column.name)}::text`);
    return this.levels.name(this.levels.source(keyTextSql(parts)), 'k');
  }

  /** The same, written only for the rows that pass. */
  keyOfPassing(): Deferred {
    const columns = this.mapping.key.map((column) =>
      this.levels.source(sourceColumn(this.mapping.from, column.name), true),
    );
    return {
      needs: columns,
      write: (...values) =>
        keyTextOfColumns(this.mapping.key.map(({ type }, index) => ({ type, value: values[index] as string }))),
    };
  }

  /** ORDER BY list of the base select. */
  baseOrder(): string {
    return this.mapping.key
      .map((column) => rangeExpression(column, sourceColumn(this.mapping.from, column.name)))
      .join(', ');
  }

  /** What ORDER BY of the outermost select needs: the key's own values, named "k1", "k2", …. */
  order(): Placed[] {
    return this.mapping.key.map((column, index) =>
      this.levels.name(
        this.levels.source(rangeExpression(column, sourceColumn(this.mapping.from, column.name))),
        `k${index + 1}`,
      ),
    );
  }

  column(target: string): ColumnSql {
    let sql = this.built.get(target);
    if (sql === undefined) {
      const column = this.mapping.columns.find((one) => one.target === target);
      if (column === undefined) throw new Error('not a loaded column');
      sql = columnToSql(this.levels, column, {
        from: this.mapping.from,
        context: this.context,
        reason: (name, kind) => reasonIndex(this.mapping, name, kind),
      });
      this.built.set(target, sql);
    }
    return sql;
  }

  columns(): ColumnSql[] {
    return this.mapping.columns.map((column) => this.column(column.target));
  }

  /** Conditions of a row without any reason. */
  loadable(): Deferred[] {
    const fine = this.columns().flatMap(({ failures }) =>
      failures.map(({ when }) => ({ needs: when.needs, write: (...e: string[]) => negation(when.write(...e)) })),
    );
    const size = this.tooLarge();
    const fits: Deferred[] = size === null ? [] : [{ needs: [size], write: (large) => `${large} IS NULL` }];
    return [...fine, ...fits, ...this.checks().map(({ holds }) => holds)];
  }

  /** The CHECKs of the target that are evaluated here, over values that are NULL where their column has a reason. */
  private checks(): { readonly reason: number; readonly holds: Deferred }[] {
    return this.mapping.checks.flatMap(({ reason, ...check }) => {
      const own = reason === null ? null : sourceCheck(check, this.mapping.columns, this.mapping.encoding);
      if (reason === null || own === null) return [];
      const values = own.columns.map((column) => ({ column, value: this.guardedBy(column, this.column(column).wire) }));
      const write = (...expressions: string[]): string => {
        let at = 0;
        const typed = new Map(
          values.map(({ column, value }) => [
            column,
            own.typed(column, value.write(...expressions.slice(at, (at += value.needs.length)))),
          ]),
        );
        return `(${own.write((column) => typed.get(column) as string)} IS NOT FALSE)`;
      };
      return [{ reason, holds: { needs: values.flatMap(({ value }) => value.needs), write } }];
    });
  }

  /** The index of the first CHECK that the row breaks, which only a row without another reason can; NULL where it breaks none. */
  private checkReason(): Placed | null {
    const checks = this.checks();
    if (checks.length === 0) return null;
    const others = this.columnReasons();
    const needs = [...others, ...checks.flatMap(({ holds }) => holds.needs)];
    return this.levels.once(
      this.levels.combine(needs, (...expressions) => {
        let at = others.length;
        const known = expressions.slice(0, at).map((reason) => `WHEN ${reason} IS NOT NULL THEN NULL`);
        const cases = checks.map(({ reason, holds }) => {
          const own = expressions.slice(at, (at += holds.needs.length));
          return `WHEN NOT ${holds.write(...own)} THEN ${reason}`;
        });
        return `CASE ${[...known, ...cases].join(' ')} END`;
      }),
    );
  }

  /** The index of the column's reason or NULL, computed once. Null when the column cannot fail. */
  reason(target: string): Placed | null {
    const { failures } = this.column(target);
    if (failures.length === 0) return null;
    let reason = this.reasons.get(target);
    if (reason === undefined) {
      const needs = failures.flatMap(({ when }) => when.needs);
      reason = this.levels.once(
        this.levels.combine(needs, (...expressions) => {
          let at = 0;
          const cases = failures.map(({ reason: index, when }) => {
            const own = expressions.slice(at, (at += when.needs.length));
            return `WHEN ${when.write(...own)} THEN ${index}`;
          });
          return `CASE ${cases.join(' ')} END`;
        }),
      );
      this.reasons.set(target, reason);
    }
    return reason;
  }

  /** The reason of the largest value of a row that is too large to travel; null where none can be. */
  private tooLarge(): Placed | null {
    const { mapping, levels } = this;
    const large = sizedColumns(mapping).filter(({ target }) =>
      mapping.reasons.some(({ kind, column }) => kind === 'too_large' && column === target),
    );
    if (large.length === 0) return null;
    const sizes = large.map((column) =>
      levels.name(levels.source(wireSize(mapping, column, sourceColumn(mapping.from, column.from[0] as string)))),
    );
    return levels.once(
      levels.combine(sizes, (...each) => {
        const largest = large.map(
          ({ target }, at) =>
            `WHEN ${each[at]} = greatest(${each.join(', ')}) THEN ${reasonIndex(mapping, target, 'too_large')}`,
        );
        return `CASE WHEN ${isTooLarge(each)} THEN CASE ${largest.join(' ')} END END`;
      }),
    );
  }

  /** Every column's reason that can have one, and that of a row which is too large. */
  private columnReasons(): Placed[] {
    const reasons = this.mapping.columns.flatMap((column) => this.reason(column.target) ?? []);
    return [...reasons, ...[this.tooLarge()].filter((reason) => reason !== null)];
  }

  /** Every reason that a row can have here: one a column, and the CHECK that it breaks. */
  allReasons(): Placed[] {
    return [...this.columnReasons(), ...[this.checkReason()].filter((reason) => reason !== null)];
  }

  /**
   * Each reason with the test for it, cheap enough to be made again: what a row may be NULL in is asked as it is, every other reason is
   * computed once.
   */
  reasonTests(): ReasonTest[] {
    const known = (placed: Placed, indexes: Iterable<number>): ReasonTest[] =>
      [...new Set(indexes)].map((reason) => ({
        reason,
        when: { needs: [placed], write: (name) => `${name} = ${reason}` },
      }));
    const tests = this.columns().flatMap(({ column, failures }) => {
      const [only, ...more] = failures;
      if (only === undefined) return [];
      if (more.length === 0 && only.when.needs.length === 1 && isNullTest(only.when.write('"x"'))) return [only];
      return known(
        this.reason(column.target) as Placed,
        failures.map(({ reason }) => reason),
      );
    });
    const of = (kind: (reason: ReasonSpec) => boolean): number[] =>
      this.mapping.reasons.filter(kind).map(({ index }) => index);
    const [large, broken] = [this.tooLarge(), this.checkReason()];
    if (large !== null)
      tests.push(
        ...known(
          large,
          of(({ kind }) => kind === 'too_large'),
        ),
      );
    if (broken !== null)
      tests.push(
        ...known(
          broken,
          of(({ check }) => check !== undefined),
        ),
      );
    return tests;
  }

  /** Text of a target column where it has no reason, else NULL. */
  guarded(target: string): Deferred {
    return this.guardedBy(target, this.column(target).text);
  }

  private guardedBy(target: string, value: Deferred): Deferred {
    const reason = this.reason(target);
    if (reason === null) return value;
    return {
      needs: [reason, ...value.needs],
      write: (why, ...expressions) => `CASE WHEN ${why} IS NULL THEN ${value.write(...expressions)} END`,
    };
  }

  /** The target key text (of a row without a key: what its contents are known by), NULL where a part of it cannot be computed. */
  targetKey(): Deferred {
    const names = isMultiset(this.mapping)
      ? this.mapping.columns.map((column) => column.target)
      : this.mapping.targetKey.map((column) => column.name);
    const write = isMultiset(this.mapping) ? contentKeySql : keyTextSql;
    const texts = names.map((name) => this.column(name).text);
    const reasons = names.flatMap((name) => this.reason(name) ?? []);
    return {
      needs: [...reasons, ...texts.flatMap((text) => text.needs)],
      write: (...expressions) => {
        let at = reasons.length;
        const parts = texts.map((text) => text.write(...expressions.slice(at, (at += text.needs.length))));
        const key = write(parts);
        if (reasons.length === 0) return key;
        const known = expressions.slice(0, reasons.length).map((reason) => `${reason} IS NULL`);
        return `CASE WHEN ${known.join(' AND ')} THEN ${key} END`;
      },
    };
  }

  /** The referenced columns as one JSON object text, NULL where there are none. */
  refs(): Deferred {
    if (this.mapping.referencedColumns.length === 0) return { needs: [], write: () => 'NULL::text' };
    const columns = this.mapping.referencedColumns.map((name) => ({ name, value: this.guarded(name) }));
    return {
      needs: columns.flatMap(({ value }) => value.needs),
      write: (...expressions) => {
        let at = 0;
        const texts = columns.map(({ value }) => value.write(...expressions.slice(at, (at += value.needs.length))));
        const names = columns.map(({ name }) => literal(name));
        // arrays, because a function takes no more than a hundred arguments
        return `jsonb_object(ARRAY[${names.join(', ')}]::text[], ARRAY[${texts.join(', ')}]::text[])::text`;
      },
    };
  }

  /** FROM and WHERE of the base select: rows out of scope are never restricted to a range. `extra` conditions are SQL over the source's own columns. */
  from(scope: Scope, options: { ordered?: boolean; extra?: readonly string[] } = {}): string {
    const { where } = this.mapping;
    const key = keyTextSql(this.mapping.key.map((column) => `${sourceColumn(this.mapping.from, column.name)}::text`));
    const conditions: string[] = [];
    if (scope === 'out')
      conditions.push(`(${where === null ? 'false' : `((${where}) IS NOT TRUE)`}${outsideSample(key)})`);
    else conditions.push(`({{range}})${insideSample(key)}`);
    if (scope === 'in' && where !== null) conditions.push(`((${where}) IS TRUE)`);
    conditions.push(...(options.extra ?? []));
    return [
      `FROM ${sourceRows(this.mapping)}`,
      `WHERE ${conditions.join(' AND ')}`,
      ...(options.ordered === true ? [`ORDER BY ${this.baseOrder()}`] : []),
    ].join('\n');
  }

  /** The statement; ordered by the source key when `ordered`. */
  write(
    scope: Scope,
    columns: readonly Deferred[],
    conditions: readonly Deferred[] = [],
    options: { ordered?: boolean; extra?: readonly string[] } = {},
  ): string {
    if (options.ordered !== true) return this.levels.select(this.from(scope, options), columns, conditions);
    return this.levels.select(this.from(scope, options), columns, conditions, this.order());
  }
}

function reasonIndex(mapping: Pick<MappingFacts, 'reasons'>, column: string, kind: string): number {
  const reason = mapping.reasons.find((one) => one.column === column && one.kind === kind);
  if (reason === undefined) throw new Error(`no reason ${kind} was compiled for this column`);
  return reason.index;
}

export function anyOf(reasons: readonly Placed[]): Deferred {
  return {
    needs: reasons,
    write: (...names) =>
      names.length === 0 ? 'false' : `(${names.map((name) => `${name} IS NOT NULL`).join(' OR ')})`,
  };
}

/** All reasons of the row as int[]. */
export function reasonArray(reasons: readonly Placed[]): Deferred {
  return {
    needs: reasons,
    write: (...names) =>
      names.length === 0 ? 'ARRAY[]::int[]' : `array_remove(ARRAY[${names.join(', ')}]::int[], NULL)`,
  };
}

const nullTest = /^("(?:[^"]|"")*") IS NULL$/;

function isNullTest(condition: string): boolean {
  return nullTest.test(condition);
}

function negation(condition: string): string {
  const name = nullTest.exec(condition)?.[1];
  return name === undefined ? `NOT (${condition})` : `${name} IS NOT NULL`;
}
