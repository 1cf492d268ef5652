import type { ColumnType, TypeShape } from '../../contract/catalog';
import type { CastSpec } from '../../contract/compiled';
import type { ChooseCast, ImpossibleCast } from './cast';
import type { CastKind } from './cast-rules';
import type { Family } from './type-family';
import { hasRoomFor, isReadAlike, leavesOf } from '../type-shape';
import { baseName, familyOf } from './type-family';

const integerSizes: Readonly<Record<string, number>> = { smallint: 2, integer: 4, bigint: 8 };

/** What text is cast by, for each family of target. */
const fromText: Readonly<Record<Family, CastKind>> = {
  text: 'text',
  boolean: 'boolean',
  integer: 'integer',
  numeric: 'numeric',
  float: 'float',
  date: 'date',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
  time: 'time',
  uuid: 'uuid',
  bytea: 'bytea',
  json: 'json',
  jsonb: 'jsonb',
  enum: 'enum',
  other: 'other',
};

/** Built-in types that cut or reinterpret text without a word, or read it by the session's settings. */
const untrusted = new Set([
  'name',
  '"char"',
  'money',
  'regclass',
  'regproc',
  'regtype',
  'regrole',
  'regnamespace',
  'regoper',
  'regoperator',
  'regprocedure',
  'regconfig',
  'regdictionary',
  'regcollation',
  'timestamp with time zone[]',
  'time with time zone',
  'time with time zone[]',
  'abstime',
  'tstzrange',
  'tstzmultirange',
  'date[]',
  'timestamp without time zone[]',
  'daterange',
  'tsrange',
  'datemultirange',
  'tsmultirange',
  'money[]',
  'name[]',
  '"char"[]',
]);

/**
 * How a value gets from `source` (null: text that comes out of steps or an expression) to `target`, or why it cannot. No
 * cast chosen here depends on the session, rounds, cuts or guesses.
 */
export const chooseCast: ChooseCast = (source, target) => {
  const kind = source === null ? textKind(target) : typedKind(source, target);
  if (typeof kind !== 'string') return kind;
  const spec: CastSpec = {
    kind,
    raising: false,
    sourceType: source === null ? null : baseName(source),
    target,
  };
  return spec;
};

function textKind(target: ColumnType): CastKind | ImpossibleCast {
  const parts = isStructured(target) ? leavesOf(target.shape as TypeShape).map(untrustedLeaf) : [];
  if ([baseName(target), ...parts].some((name) => untrusted.has(name))) {
    return {
      impossible: `text to ${target.name} depends on the session or loses characters silently`,
      fix: 'Give the value with `sql:`, or change the type of the target column.',
    };
  }
  return fromText[familyOf(target)];
}

function typedKind(source: ColumnType, target: ColumnType): CastKind | ImpossibleCast {
  const [from, to] = [familyOf(source), familyOf(target)];
  if (isStructured(source) && isStructured(target)) return structuredKind(source, target);
  if (isSame(source, target)) return fits(source, target) ? 'same' : narrowing(from, to, source, target);
  if (from === 'text') return textKind(target);
  if (baseName(source) === 'money')
    return impossible(
      source,
      target,
      'Map it with `sql:` through numeric: how money is printed depends on the locale.',
    );
  if (to === 'text') return 'text';
  if (from === 'enum' && to === 'enum') return 'enum';
  if (bits.has(baseName(source)) && bits.has(baseName(target))) return 'bits';
  if (from === 'integer') {
    if (to === 'integer')
      return (integerSizes[baseName(source)] ?? 0) < (integerSizes[baseName(target)] ?? 0)
        ? 'widen_integer'
        : 'integer';
    if (to === 'numeric' || to === 'float') return to;
  }
  if (from === 'numeric' && (to === 'integer' || to === 'numeric' || to === 'float')) return to;
  if (from === 'float' && (to === 'integer' || to === 'numeric')) return to;
  if (from === 'float' && to === 'float') return baseName(source) === 'real' ? 'widen_float' : 'narrow_float';
  if (from === 'timestamp' && to === 'date') return 'timestamp_to_date';
  if (from === 'date' && to === 'timestamp') return 'date_to_timestamp';
  if (from === 'json' && to === 'jsonb') return 'jsonb';
  if (from === 'jsonb' && to === 'json') return 'json';
  return impossible(source, target, fixFor(from, to));
}

/** Made of other types. */
function isStructured({ shape }: ColumnType): boolean {
  return shape !== undefined && !['base', 'enum'].includes(shape.kind);
}

/** Arrays, composites and ranges, domains over them included: by what they are made of, whatever they are called. */
function structuredKind(source: ColumnType, target: ColumnType): CastKind | ImpossibleCast {
  const [from, to] = [source.shape as TypeShape, target.shape as TypeShape];
  if (!isReadAlike(from, to)) return impossible(source, target, 'Give the value with `sql:`.');
  return hasRoomFor(to, from) ? 'same' : 'other';
}

/** Same type, domains aside; enums by name, since each database has its own. */
function isSame(source: ColumnType, target: ColumnType): boolean {
  if (familyOf(source) === 'text' && familyOf(target) === 'text') {
    return baseName(source) === baseName(target) && source.schema === target.schema;
  }
  return baseName(source) === baseName(target) || isSameInside(source, target);
}

/** The same for types that are not built in, of which only the shape says what is under a domain. */
function isSameInside({ shape: from }: ColumnType, { shape: to }: ColumnType): boolean {
  return from?.kind === 'base' && to?.kind === 'base' && from.name === to.name;
}

/** True when every value of `source` is a value of `target` with the same text. */
function fits(source: ColumnType, target: ColumnType): boolean {
  if (source.labels !== null || target.labels !== null) {
    return (source.labels ?? []).every((label) => target.labels?.includes(label) === true);
  }
  if (target.fields !== undefined && target.fields !== source.fields) return false;
  if (!sameForeignModifier(source, target)) return false;
  const scaleKept = target.precision === null || (source.precision !== null && source.scale === target.scale);
  const lengthKept =
    baseName(target) === 'bit' ? source.length === target.length : within(source.length, target.length);
  return (
    lengthKept && within(source.precision, target.precision) && scaleKept && within(source.fraction, target.fraction)
  );
}

/** The modifier of an extension's type means what the extension says: only the same one surely takes the same values. */
function sameForeignModifier({ shape: from }: ColumnType, { base, shape: to }: ColumnType): boolean {
  return base !== null || to?.kind !== 'base' || to.typmod < 0 || from?.typmod === to.typmod;
}

function within(source: number | null, target: number | null): boolean {
  return target === null || (source !== null && source <= target);
}

const bits = new Set(['bit', 'bit varying']);

/** A leaf of a type by the name it has in `untrusted`. */
function untrustedLeaf({ name }: TypeShape): string {
  return name === 'date' || name.startsWith('timestamp') ? `${name}[]` : name;
}

function narrowing(from: Family, to: Family, source: ColumnType, target: ColumnType): CastKind | ImpossibleCast {
  if (to === 'text' || to === 'numeric' || to === 'enum') return to;
  if (to === 'timestamp' || to === 'timestamptz' || to === 'time') return 'narrow_fraction';
  const name = baseName(target);
  if (name === 'time with time zone' || (name === 'interval' && target.fields === undefined)) return 'narrow_fraction';
  if (bits.has(name)) return 'bits';
  return to === 'other' ? 'other' : impossible(source, target, fixFor(from, to));
}

function impossible(source: ColumnType, target: ColumnType, fix: string): ImpossibleCast {
  return { impossible: `${source.name} to ${target.name} has no cast that is safe for every value`, fix };
}

const numbers = new Set<Family>(['integer', 'numeric', 'float']);

function fixFor(from: Family, to: Family): string {
  if (to === 'timestamptz' && (from === 'timestamp' || from === 'date')) {
    return 'State the time zone of the clock: steps: [{ at_zone: Area/City }].';
  }
  if (from === 'timestamptz' && (to === 'timestamp' || to === 'date' || to === 'time')) {
    return "State the time zone to read it in: steps: [{ at_zone: Area/City }]; for a part of it use `sql:` with AT TIME ZONE 'Area/City'.";
  }
  if (to === 'boolean')
    return 'Say what is true and what is false: steps: [boolean], or [{ boolean: { "true": ["1"], "false": ["0"] } }].';
  if (from === 'boolean' && numbers.has(to))
    return 'Say what they become: steps: [{ map: { "true": "1", "false": "0" } }].';
  if (to === 'enum') return 'Say what each value becomes: steps: [{ map: { … } }].';
  if (numbers.has(from) && (to === 'date' || to === 'timestamp')) {
    return 'Read its digits: steps: [{ parse_date: [YYYYMMDD] }], or compute it with `sql:`.';
  }
  return 'Use steps that turn it into text that the target type reads, or compute it with `sql:`.';
}
