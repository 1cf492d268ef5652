import type { Decimal } from '../decimal';
import { compareMagnitude, fitsScale, magnitude, printDecimal, readDecimal, roundTo } from '../decimal';
import { isDecimal } from '../number-sql';
import { plain, presentBut } from '../sql-text';
import type { CastRule } from './cast-rule';
import { asText, surely } from './cast-rule';
import type { CastSpec } from '../../contract/compiled';
import { printFloat4, printFloat8 } from './float-text';
import { baseName } from './type-family';

const ranges: Readonly<Record<string, readonly [bigint, bigint]>> = {
  smallint: [-32768n, 32767n],
  integer: [-2147483648n, 2147483647n],
  bigint: [-9223372036854775808n, 9223372036854775807n],
};

/** Largest finite value and smallest one that does not become zero, as decimals that read back. */
const floats = {
  real: { largest: '3.4028235e38', smallest: '1e-45' },
  'double precision': { largest: '1.7976931348623157e308', smallest: '5e-324' },
} as const;

interface NumericSource {
  /** The input as text or number, to ask for NULL. */
  readonly given: string;
  /** SQL boolean: `number` can be evaluated; null when always. */
  readonly valid: string | null;
  /** The input as numeric; only evaluated where valid. */
  readonly number: string;
}

function numericSource(input: string, spec: CastSpec): NumericSource {
  if (spec.sourceType !== null && ranges[spec.sourceType] !== undefined) {
    return { given: input, valid: null, number: `(${input})::numeric` };
  }
  // NaN and the infinities of numeric are not equal to zero when taken from themselves.
  if (spec.sourceType === 'numeric')
    return { given: input, valid: `((${input}) - (${input}) = 0)`, number: `(${input})::numeric` };
  const text = asText(input, spec);
  return { given: text, valid: isDecimal(text), number: `${text}::numeric` };
}

/** Text, and no number that is printed as one. */
function isText({ sourceType }: CastSpec): boolean {
  return sourceType === null || !(sourceType === 'numeric' || sourceType in ranges || sourceType in floats);
}

/** `then` where the source is a number, else NULL. */
function when({ valid }: NumericSource, then: string): string {
  return valid === null ? `(${then})` : `(CASE WHEN ${valid} THEN ${then} END)`;
}

function notANumber(source: NumericSource, kind: string): { kind: string; failed: string }[] {
  return source.valid === null ? [] : [{ kind, failed: presentBut(source.given, source.valid) }];
}

/** Digits that every whole number of the type has room for. */
const surelyFit: Readonly<Record<string, number>> = { smallint: 4, integer: 9, bigint: 18 };

export const toInteger: CastRule = {
  nullWhereFailed: () => true,
  toSql: (input, spec) => {
    const source = numericSource(input, spec);
    const type = baseName(spec.target);
    const [min, max] = ranges[type] as readonly [bigint, bigint];
    const fromInteger = source.valid === null;
    const number = fromInteger ? `(${input})` : source.number;
    const within = `${number} BETWEEN ${min} AND ${max}`;
    const integral = `${number} = trunc(${number})`;
    const any = when(
      source,
      `CASE WHEN ${fromInteger ? within : `${integral} AND ${within}`} THEN ${number}::${type} END`,
    );
    const plainDigits = isText(spec)
      ? `octet_length(${source.given}) BETWEEN 1 AND ${surelyFit[type]} AND btrim(${plain(source.given)}, '0123456789') = ''`
      : null;
    const wire =
      plainDigits === null ? any : `(CASE WHEN ${plainDigits} THEN ${source.given}::${type} ELSE ${any} END)`;
    return {
      checks: [
        ...(fromInteger ? [] : [{ kind: 'cast_integer', failed: presentBut(source.given, when(source, integral)) }]),
        {
          kind: 'out_of_range',
          failed: surely(when(source, fromInteger ? `NOT ${within}` : `${integral} AND NOT ${within}`)),
        },
      ],
      wire,
      text: `${wire}::text`,
    };
  },
  apply: (input, { target }) => {
    const number = readDecimal(input);
    if (number === null || !fitsScale(number, 0)) return { failed: 'cast_integer' };
    const value = BigInt(printDecimal(roundTo(number, 0)));
    const [min, max] = ranges[baseName(target)] as readonly [bigint, bigint];
    return value < min || value > max ? { failed: 'out_of_range' } : { value: value.toString() };
  },
};

/** smallint to integer to bigint: every value fits. */
export const widenInteger: CastRule = {
  toSql: (input, spec) => {
    const wire = `(${input})::${baseName(spec.target)}`;
    return { checks: [], wire, text: `(${wire})::text` };
  },
  apply: (input) => ({ value: input }),
};

function powerOfTen(power: number): string {
  return power >= 0 ? `1${'0'.repeat(power)}` : `0.${'0'.repeat(-power - 1)}1`;
}

/** A cast of numbers that takes some words as they are; what is said of other texts does not hold for them. */
function withWords(rule: CastRule, words: readonly string[]): CastRule {
  return {
    ...(rule.nullWhereFailed === undefined ? {} : { nullWhereFailed: rule.nullWhereFailed }),
    toSql: (input, spec) => {
      const inner = rule.toSql(input, spec);
      if (spec.sourceType !== null && ranges[spec.sourceType] !== undefined) return inner;
      const text = asText(input, spec);
      const special =
        spec.sourceType === 'numeric' && words.length === 1
          ? `(${input}) = '${words[0]}'::numeric`
          : `${plain(text)} IN (${words.map((word) => `'${word}'`).join(', ')})`;
      const wire = `(CASE WHEN ${special} THEN ${text}::${baseName(spec.target)} ELSE ${inner.wire} END)`;
      return {
        checks: inner.checks.map(({ kind, failed }) => ({ kind, failed: surely(`NOT ${special} AND ${failed}`) })),
        wire,
        text: `${wire}::text`,
      };
    },
    apply: (input, spec) => (words.includes(input) ? { value: input } : rule.apply(input, spec)),
  };
}

/** A pattern of numbers that surely fit, which costs less than asking; null for types that it cannot be written for. */
function usualDecimal(whole: number, places: number): string | null {
  // a bound of a pattern ends at 255
  if (whole < 1 || whole > 200 || places < 0 || places > 200) return null;
  return `^-?[0-9]{1,${whole}}${places === 0 ? '' : `([.][0-9]{1,${places}})?`}$`;
}

/** Digits that do not fit are reasons, never rounded away; zeros may be added or dropped. */
const finiteToNumeric: CastRule = {
  nullWhereFailed: () => true,
  toSql: (input, spec) => {
    const source = numericSource(input, spec);
    const { number } = source;
    const { precision, scale } = spec.target;
    const bad = notANumber(source, 'cast_number');
    if (precision === null) return { checks: bad, wire: when(source, number), text: `${when(source, number)}::text` };
    const places = scale ?? 0;
    const rounded = `round(${number}, ${places})`;
    const exact = `${number} = ${rounded}`;
    const limit = powerOfTen(precision - places);
    const any = when(source, `CASE WHEN ${exact} AND abs(${number}) < ${limit} THEN ${rounded} END`);
    const usual = isText(spec) ? usualDecimal(precision - places, places) : null;
    const wire =
      usual === null
        ? any
        : `(CASE WHEN ${plain(source.given)} ~ '${usual}' THEN ${source.given}::numeric(${precision}, ${places}) ELSE ${any} END)`;
    return {
      checks: [
        ...bad,
        // a whole number has no decimals
        ...(source.valid === null && places >= 0
          ? []
          : [{ kind: 'scale', failed: surely(when(source, `NOT ${exact}`)) }]),
        { kind: 'precision', failed: surely(when(source, `${exact} AND abs(${number}) >= ${limit}`)) },
      ],
      wire,
      text: `${wire}::text`,
    };
  },
  apply: (input, { target }) => {
    const number = readDecimal(input);
    if (number === null) return { failed: 'cast_number' };
    if (target.precision === null) return { value: printDecimal(number) };
    const places = target.scale ?? 0;
    if (!fitsScale(number, places)) return { failed: 'scale' };
    const size = magnitude(number);
    if (size !== null && size > target.precision - places) return { failed: 'precision' };
    return { value: printDecimal(roundTo(number, places)) };
  },
};

/** NaN is a numeric of any precision. */
export const toNumeric = withWords(finiteToNumeric, ['NaN']);

function floatName(spec: CastSpec): keyof typeof floats {
  return baseName(spec.target) === 'real' ? 'real' : 'double precision';
}

/** A decimal to a float that prints as the same number again; `round` it first when fewer digits will do. */
const finiteToFloat: CastRule = {
  toSql: (input, spec) => {
    const source = numericSource(input, spec);
    const type = floatName(spec);
    const { largest, smallest } = floats[type];
    const { number } = source;
    const within = `(${number} = 0 OR abs(${number}) BETWEEN ${smallest} AND ${largest})`;
    const kept = `${number}::${type}::text::numeric = ${number}`;
    const wire = when(source, `CASE WHEN ${within} THEN ${number}::${type} END`);
    return {
      checks: [
        ...notANumber(source, 'cast_number'),
        { kind: 'out_of_range', failed: surely(when(source, `NOT ${within}`)) },
        { kind: 'precision', failed: surely(when(source, `CASE WHEN ${within} THEN NOT (${kept}) END`)) },
      ],
      wire,
      text: `${wire}::text`,
    };
  },
  apply: (input, spec) => {
    const number = readDecimal(input);
    if (number === null) return { failed: 'cast_number' };
    return floatFromDecimal(number, floatName(spec));
  },
};

export const toFloat = withWords(finiteToFloat, ['NaN', 'Infinity', '-Infinity']);

function floatFromDecimal(number: Decimal, type: keyof typeof floats): { value: string } | { failed: string } {
  if (magnitude(number) === null) return { value: '0' };
  const { largest, smallest } = floats[type];
  if (
    compareMagnitude(number, readDecimal(largest) as Decimal) > 0 ||
    compareMagnitude(number, readDecimal(smallest) as Decimal) < 0
  ) {
    return { failed: 'out_of_range' };
  }
  const value = Number(printDecimal(number));
  const text = type === 'real' ? printFloat4(Math.fround(value)) : printFloat8(value);
  return compareMagnitude(readDecimal(text) as Decimal, number) === 0 ? { value: text } : { failed: 'precision' };
}

/** real to double precision keeps the value, so 0.1 becomes 0.10000000149011612 as in PostgreSQL. */
export const widenFloat: CastRule = {
  toSql: (input) => {
    const wire = `(${input})::double precision`;
    return { checks: [], wire, text: `(${wire})::text` };
  },
  apply: (input) => ({ value: printFloat8(Math.fround(Number(input))) }),
};

/** double precision to real, when it prints as the same number again. */
export const narrowFloat: CastRule = {
  toSql: (input, spec) => floatToReal.toSql(`(${input})::text`, { ...spec, sourceType: null }),
  apply: (input, spec) => floatToReal.apply(input, spec),
};
const floatToReal = withWords(
  {
    toSql: (input, spec) => {
      const { checks, ...rest } = finiteToFloat.toSql(input, spec);
      // the text of a float is a number
      return { checks: checks.filter(({ kind }) => kind !== 'cast_number'), ...rest };
    },
    apply: finiteToFloat.apply,
  },
  ['NaN', 'Infinity', '-Infinity', '-0'],
);
