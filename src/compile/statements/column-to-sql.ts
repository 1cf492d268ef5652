import type { CompiledColumn, CompiledMapping } from '../../contract/compiled';
import { identifier, literal } from '../../sql/quote';
import { castToSql, isNullWhereFailed } from '../../transform/cast/cast-to-sql';
import { offsetSql, uuidFromSql } from '../../transform/id';
import type { TransformContext } from '../../transform/transform';
import { foreignSql, holdsCharacters, untranslatableSql } from '../../transform/untranslatable';
import { checkedStep } from '../checked-step';
import { keyPartToSql } from '../key/key-part';
import type { Deferred, Levels, Placed } from '../levels';
import type { TypedPipeline } from '../shortcuts';
import { castAfterSteps, failsOnlyByNull, typedPipeline } from '../shortcuts';
import { baseTypeName, isTextualName } from './type-facts';

/** What column compilation needs to know of its mapping. */
export interface ColumnScope {
  readonly from: CompiledMapping['from'];
  readonly context: TransformContext;
  /** Index of the reason of this kind for a target column. */
  readonly reason: (column: string, kind: string) => number;
}

/** A condition that rejects the row: `when` is an SQL boolean, never NULL. */
interface Failure {
  readonly reason: number;
  readonly when: Deferred;
}

/** One target column over the source, ready to be selected. */
export interface ColumnSql {
  readonly column: CompiledColumn;
  /** In the order they are tried: the first that is true is the column's reason. */
  readonly failures: readonly Failure[];
  /** Typed for the wire; only right where no failure is true. */
  readonly wire: Deferred;
  /** Canonical text; only right where no failure is true. */
  readonly text: Deferred;
}

export function sourceColumn(from: { readonly name: string }, column: string): string {
  return `${identifier(from.name)}.${identifier(column)}`;
}

export function columnToSql(levels: Levels, column: CompiledColumn, scope: ColumnScope): ColumnSql {
  const failures: Failure[] = unsendable(column, scope.context.encoding, scope.from).map((condition) => {
    const when = {
      needs: [levels.once(levels.source(`coalesce(${condition}, false)`))],
      write: (one?: string) => one ?? '',
    };
    return { reason: scope.reason(column.target, 'encoding'), when };
  });
  const short = typedPipeline(column);
  const value =
    short === null ? longWay(levels, column, scope, failures) : shortWay(levels, column, scope, short, failures);
  const input = named(levels, value);
  const cast = short?.cast ?? castAfterSteps(column) ?? ((expression: string) => castToSql(column.cast, expression));
  const { checks } = cast(input.expression);
  const nullWhereFailed = short?.nullWhereFailed ?? (castAfterSteps(column) === null && isNullWhereFailed(column.cast));
  const once =
    checks.length > 0 && nullWhereFailed
      ? levels.once(levels.combine([input], (expression) => cast(expression as string).wire))
      : null;
  checks.forEach(({ kind }, index) => {
    const failed = (expression: string): string => cast(expression).checks[index]?.failed as string;
    const when: Deferred =
      once === null
        ? { needs: [input], write: (expression) => failed(expression as string) }
        : {
            needs: [input, once],
            write: (expression, result) => {
              const none = `(${expression} IS NOT NULL AND ${result} IS NULL)`;
              // which of them fails is asked only where one does
              return checks.length === 1
                ? none
                : `CASE WHEN ${none} THEN ${failed(expression as string)} ELSE false END`;
            },
          };
    failures.push({ reason: scope.reason(column.target, kind), when });
  });
  if (column.notNull) {
    failures.push({
      reason: scope.reason(column.target, 'not_null'),
      when: { needs: [input], write: (expression) => `${expression} IS NULL` },
    });
  }
  if (foreignTest(column, scope.context, 'NULL') !== null) {
    const test = (expression?: string): string =>
      `coalesce(${foreignTest(column, scope.context, cast(expression as string).text) ?? ''}, false)`;
    failures.push({ reason: scope.reason(column.target, 'encoding'), when: { needs: [input], write: test } });
  }
  return {
    column,
    failures,
    wire:
      once === null
        ? { needs: [input], write: (expression) => cast(expression as string).wire }
        : { needs: [once], write: (result) => result as string },
    text:
      once === null
        ? { needs: [input], write: (expression) => cast(expression as string).text }
        : { needs: [once], write: (result) => `${result}::text` },
  };
}

/** Conditions under which the source cannot send what the column is made of. */
function unsendable(column: CompiledColumn, encoding: string, from: CompiledMapping['from']): string[] {
  const texts =
    column.sql !== undefined
      ? [`(${column.sql})::text`]
      : column.from
          .filter((_, index) => holdsCharacters(column.inputTypes[index] as string))
          .map((name) => `${sourceColumn(from, name)}::text`);
  return texts.flatMap((text) => untranslatableSql(encoding, text) ?? []);
}

/** Where `text` of the column has a character that the target's encoding does not have; null where that cannot be. */
function foreignTest(
  column: CompiledColumn,
  { encoding, targetEncoding }: TransformContext,
  text: string,
): string | null {
  if (targetEncoding === undefined || !holdsCharacters(baseTypeName(column.type))) return null;
  return foreignSql(encoding, targetEncoding, text);
}

/** Whether a row may be kept back because of the characters that the column holds. */
export function mayBeUnencodable(column: CompiledColumn, context: TransformContext): boolean {
  return (
    unsendable(column, context.encoding, { schema: '', name: '' }).length > 0 ||
    foreignTest(column, context, 'NULL') !== null
  );
}

function longWay(levels: Levels, column: CompiledColumn, scope: ColumnScope, failures: Failure[]): Placed {
  if (computesId(column) !== null) return idValue(levels, column, scope, failures);
  if (isDirect(column)) return levels.source(sourceColumn(scope.from, column.from[0] as string), true);
  return runSteps(levels, column, textInputs(levels, column, scope), scope, failures);
}

function shortWay(
  levels: Levels,
  column: CompiledColumn,
  scope: ColumnScope,
  short: TypedPipeline,
  failures: Failure[],
): Placed {
  const source = levels.source(sourceColumn(scope.from, column.from[0] as string), true);
  const { stepFails } = short;
  if (stepFails === null) return levels.combine([source], (input) => short.value(input as string));
  const input = named(levels, source);
  const { transform } = checkedStep(column.steps[0] as CompiledColumn['steps'][number]);
  failures.push({
    reason: scope.reason(column.target, transform.reason ?? transform.name),
    when: { needs: [input], write: (expression) => stepFails(expression as string) },
  });
  return levels.combine([input], (expression) => short.value(expression as string));
}

/** A value with a name at level 1 or above, where it is called the same at every level. */
function named(levels: Levels, value: Placed): Placed {
  const once = levels.once(value);
  return once.level === 0 ? levels.lift(once, 1) : once;
}

/** True when the column's value is the source column itself, cast from its own type. */
export function isDirect(column: CompiledColumn): boolean {
  return (
    computesId(column) === null &&
    column.sql === undefined &&
    column.constant === undefined &&
    column.steps.length === 0 &&
    column.from.length === 1
  );
}

/** The id plan that computes this column's value from key parts; null when it is read like any other column. */
export function computesId(column: CompiledColumn): CompiledColumn['id'] {
  const id = column.follows?.id ?? column.id;
  return id === null || id.kind === 'keep' ? null : id;
}

function textInputs(levels: Levels, column: CompiledColumn, scope: ColumnScope): Placed[] {
  if (column.constant !== undefined) return [levels.source(`${literal(column.constant)}::text`)];
  if (column.sql !== undefined) return [levels.source(`(${column.sql})::text`)];
  return column.from.map((name, index) => {
    return levels.source(`${sourceColumn(scope.from, name)}::text`, isTextualName(column.inputTypes[index] as string));
  });
}

function runSteps(
  levels: Levels,
  column: CompiledColumn,
  inputs: readonly Placed[],
  scope: ColumnScope,
  failures: Failure[],
): Placed {
  let current = inputs;
  for (const spec of column.steps) {
    const { transform, args } = checkedStep(spec);
    const probe = transform.toSql(
      current.map(() => 'NULL::text'),
      args,
      scope.context,
    );
    if (transform.repeatsInput || probe.failed !== null) current = current.map((one) => levels.once(one));
    const needs = current;
    let value = levels.combine(needs, (...expressions) => transform.toSql(expressions, args, scope.context).value);
    if (probe.failed !== null) {
      const reason = scope.reason(column.target, transform.reason ?? transform.name);
      if (failsOnlyByNull(spec.name)) {
        value = levels.once(value);
        const write = (input?: string, output?: string): string => `(${input} IS NOT NULL AND ${output} IS NULL)`;
        failures.push({ reason, when: { needs: [...needs, value], write } });
      } else {
        const write = (...expressions: string[]): string =>
          transform.toSql(expressions, args, scope.context).failed as string;
        failures.push({ reason, when: { needs, write } });
      }
    }
    current = [value];
  }
  return current[0] as Placed;
}

function idValue(levels: Levels, column: CompiledColumn, scope: ColumnScope, failures: Failure[]): Placed {
  const id = computesId(column) as NonNullable<CompiledColumn['id']>;
  const parts =
    column.keyCasts === undefined ? ownParts(levels, column, scope) : followedParts(levels, column, scope, failures);
  const known = parts.map((part) => named(levels, part));
  if (id.kind === 'offset') {
    const value = levels.once(levels.combine(known, (part) => offsetSql(part as string, id.by)));
    const reason = idReason(column);
    if (reason !== null) {
      failures.push({
        reason: scope.reason(column.target, reason),
        when: { needs: [...known, value], write: (part, sum) => `(${part} IS NOT NULL AND ${sum} IS NULL)` },
      });
    }
    return value;
  }
  return levels.combine(known, (...texts) => {
    const present = texts.map((text) => `${text} IS NOT NULL`).join(' AND ');
    return `CASE WHEN ${present} THEN ${uuidFromSql(column.namespace as string, texts)} END`;
  });
}

const wholeNumbers = new Set(['smallint', 'integer', 'bigint']);

/** Reason of an offset whose input is no whole number; null where the type of the input leaves no doubt. */
export function idReason(column: CompiledColumn): 'bad_id' | 'bad_reference' | null {
  const input = column.keyCasts?.[0] === undefined ? column.inputTypes[0] : baseTypeName(column.keyCasts[0].target);
  if (computesId(column)?.kind !== 'offset' || (input !== undefined && wholeNumbers.has(input))) return null;
  return column.keyCasts === undefined ? 'bad_id' : 'bad_reference';
}

function ownParts(levels: Levels, column: CompiledColumn, scope: ColumnScope): Placed[] {
  return column.from.map((name, index) =>
    levels.source(keyPartToSql(column.inputTypes[index] as string, `${sourceColumn(scope.from, name)}::text`)),
  );
}

function followedParts(levels: Levels, column: CompiledColumn, scope: ColumnScope, failures: Failure[]): Placed[] {
  const casts = column.keyCasts as NonNullable<CompiledColumn['keyCasts']>;
  const inputs =
    column.steps.length > 0
      ? [runSteps(levels, column, textInputs(levels, column, scope), scope, failures)]
      : column.sql !== undefined || column.constant !== undefined
        ? textInputs(levels, column, scope)
        : column.from.map((name) => levels.source(sourceColumn(scope.from, name), true));
  return inputs.map((input, index) => {
    const spec = casts[index] as (typeof casts)[number];
    const value = named(levels, input);
    castToSql(spec, value.expression).checks.forEach((_, check) => {
      failures.push({
        reason: scope.reason(column.target, 'bad_reference'),
        when: {
          needs: [value],
          write: (expression) => castToSql(spec, expression as string).checks[check]?.failed as string,
        },
      });
    });
    return levels.combine([value], (expression) => {
      const cast = castToSql(spec, expression as string);
      const text = keyPartToSql(baseTypeName(spec.target), cast.text);
      if (cast.checks.length === 0) return text;
      return `CASE WHEN ${cast.checks.map((check) => `NOT (${check.failed})`).join(' AND ')} THEN ${text} END`;
    });
  });
}
