import type { CompiledColumn } from '../contract/compiled';
import { literal } from '../sql/quote';
import type { SqlCast } from '../transform/cast/cast';
import { castToSql, isNullWhereFailed } from '../transform/cast/cast-to-sql';
import { checkedStep } from './checked-step';

/**
 * Cheaper SQL for pipelines whose outcome is known, with exactly the reasons and values of the long way. TypeScript takes the
 * long way all the same, so the proof sees it when a shortcut is wrong.
 */

/** Steps whose output is NULL only where they fail or their input is NULL: asking for that is cheaper than trying again. */
const nullOnlyOnFailure = new Set(['parse_date', 'at_zone', 'parse_number', 'scale', 'round', 'us_state', 'boolean']);

export function failsOnlyByNull(step: string): boolean {
  return nullOnlyOnFailure.has(step);
}

/** The cast of a column whose last step gives nothing but the target's own spelling; null when that is not known. */
export function castAfterSteps(column: CompiledColumn): ((input: string) => SqlCast) | null {
  const last = column.steps[column.steps.length - 1];
  if (last?.name === 'boolean' && column.cast.sourceType === null && column.cast.kind === 'boolean')
    return (input) => ({ checks: [], wire: `(${input})::boolean`, text: `(${input})` });
  if (last?.name !== 'parse_date' || column.cast.sourceType !== null) return null;
  const { withTime } = checkedStep(last).args as { withTime: boolean };
  const type = withTime ? 'timestamp' : 'date';
  if (column.cast.kind !== type || column.type.fraction !== null) return null;
  return (input) => ({ checks: [], wire: `(${input})::${type}`, text: `(${input})` });
}

/** A pipeline over one typed source column that needs no detour through text. */
export interface TypedPipeline {
  /** Boolean over the source column, never NULL: the step has no value for it. Null when that cannot be. */
  readonly stepFails: ((input: string) => string) | null;
  /** Typed result over the source column; NULL where the step fails. */
  readonly value: (input: string) => string;
  /** Cast of the result. */
  readonly cast: (value: string) => SqlCast;
  /** As of a cast rule. */
  readonly nullWhereFailed: boolean;
}

const wholeNumbers = new Set(['smallint', 'integer', 'bigint']);

export function typedPipeline(column: CompiledColumn): TypedPipeline | null {
  const [step, ...more] = column.steps;
  const [type] = column.inputTypes;
  if (step === undefined || type === undefined || more.length > 0 || column.from.length !== 1) return null;
  if (step.name === 'at_zone') return zonePipeline(column, type);
  if (step.name === 'scale' && wholeNumbers.has(type)) return scalePipeline(column);
  return null;
}

const wallClock = 'timestamp without time zone';
const absolute = 'timestamp with time zone';

function zonePipeline(column: CompiledColumn, type: string): TypedPipeline | null {
  const { zone, to } = checkedStep(column.steps[0] as CompiledColumn['steps'][number]).args as {
    zone: string;
    to: 'utc' | 'local' | null;
  };
  const toUtc = type === wallClock && to !== 'local' && column.cast.kind === 'timestamptz';
  const toLocal = type === absolute && to !== 'utc' && column.cast.kind === 'timestamp';
  if ((!toUtc && !toLocal) || column.type.fraction !== null) return null;
  const result = toUtc ? absolute : wallClock;
  return {
    stepFails: (input) => outside(input, type),
    value: (input) => `CASE WHEN NOT ${outside(input, type)} THEN ${input} AT TIME ZONE ${literal(zone)} END`,
    cast: (value) => ({
      checks: [{ kind: toUtc ? 'cast_timestamptz' : 'cast_timestamp', failed: outside(value, result) }],
      wire: value,
      text: `${value}::text`,
    }),
    nullWhereFailed: false,
  };
}

/** True for finite moments outside the years 1 to 9999, which the text forms do not spell. */
function outside(value: string, type: string): string {
  const offset = type === absolute ? '+00' : '';
  const at = (date: string): string => `'${date} 00:00:00${offset}'::${type}`;
  const inside = `${value} >= ${at('0001-01-01')} AND ${value} < ${at('10000-01-01')}`;
  return `coalesce(isfinite(${value}) AND NOT (${inside}), false)`;
}

function scalePipeline(column: CompiledColumn): TypedPipeline | null {
  if (column.cast.sourceType !== null || (column.cast.kind !== 'numeric' && column.cast.kind !== 'integer'))
    return null;
  const { power } = checkedStep(column.steps[0] as CompiledColumn['steps'][number]).args as { power: number };
  const cast = { ...column.cast, sourceType: 'numeric' };
  const factor = power < 0 ? `0.${'0'.repeat(-power - 1)}1` : `1${'0'.repeat(power)}`;
  return {
    stepFails: null,
    value: (input) => `((${input})::numeric * ${factor})`,
    cast: (value) => castToSql(cast, value),
    nullWhereFailed: isNullWhereFailed(cast),
  };
}
