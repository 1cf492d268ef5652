import {
  isDate,
  isInfinity,
  isTime,
  isUsualDate,
  isUsualTimestamp,
  isTimestamp,
  isTimestampWithOffset,
} from '../iso-sql';
import { printFraction, printTimestamp, readIsoTimestamp } from '../iso-timestamp';
import { presentBut } from '../sql-text';
import type { CastSpec } from '../../contract/compiled';
import type { CastOutcome } from './cast';
import type { CastRule } from './cast-rule';
import { asText, surely } from './cast-rule';

const infinities = ['infinity', '-infinity'];

/** Decimals of the second that a target such as timestamp(0) would round away. */
function tooFine(fraction: string, allowed: number | null): boolean {
  return allowed !== null && fraction.replace(/0+$/, '').length > allowed;
}

function fractionOf(text: string): string {
  return /\.([0-9]+)/.exec(text)?.[1] ?? '';
}

/** By the digits and not by a cast: rounding up the last moment of a type is an error. */
function fractionCheck(
  typed: string,
  allowed: number | null,
  valid: string | null,
): { kind: string; failed: string }[] {
  if (allowed === null || allowed >= 6) return [];
  const lost = `extract(microseconds from ${typed})::bigint % ${10 ** (6 - allowed)} <> 0`;
  return [{ kind: 'precision', failed: surely(valid === null ? lost : `CASE WHEN ${valid} THEN ${lost} END`) }];
}

/** ISO text to date; a time of day must be midnight. */
export const textToDate: CastRule = {
  nullWhereFailed: () => true,
  toSql: (input, spec) => {
    const text = asText(input, spec);
    const day = `(${isDate(text)} OR ${isInfinity(text)})`;
    const moment = isTimestamp(text);
    const wire = `CASE WHEN ${isUsualDate(text)} THEN ${text}::date WHEN ${isDate(text)} THEN left(${text}, 10)::date WHEN ${isInfinity(text)} THEN ${text}::date END`;
    return {
      checks: [
        { kind: 'cast_date', failed: presentBut(text, `(${moment} OR ${isInfinity(text)})`) },
        { kind: 'not_midnight', failed: surely(`${moment} AND NOT ${day}`) },
      ],
      wire,
      text: `(${wire})::text`,
    };
  },
  apply: (input) => {
    if (infinities.includes(input)) return { value: input };
    const read = readIsoTimestamp(input);
    if (read === null || read.offset !== null) return { failed: 'cast_date' };
    if (read.seconds % 86400 !== 0 || printFraction(read.fraction) !== '') return { failed: 'not_midnight' };
    return { value: input.slice(0, 10) };
  },
};

export const timestampToDate: CastRule = {
  toSql: (input) => ({
    checks: [{ kind: 'not_midnight', failed: surely(`(${input})::date::timestamp <> (${input})`) }],
    wire: `(${input})::date`,
    text: `(${input})::date::text`,
  }),
  apply: (input) => {
    if (infinities.includes(input)) return { value: input };
    const [date = '', time = '', era = ''] = input.split(' ');
    return time === '00:00:00' ? { value: era === '' ? date : `${date} ${era}` } : { failed: 'not_midnight' };
  },
};

/** The range of timestamp ends in the year 294276, that of date in 5874897. */
export const dateToTimestamp: CastRule = {
  nullWhereFailed: () => true,
  toSql: (input) => {
    const within = `((${input}) <= '294276-12-31'::date OR NOT isfinite(${input}))`;
    const wire = `CASE WHEN ${within} THEN (${input})::timestamp END`;
    return { checks: [{ kind: 'out_of_range', failed: surely(`NOT ${within}`) }], wire, text: `(${wire})::text` };
  },
  apply: (input) => {
    if (infinities.includes(input)) return { value: input };
    const [date = '', era] = input.split(' ');
    if (era === undefined && Number(date.split('-')[0]) > 294276) return { failed: 'out_of_range' };
    return { value: `${date} 00:00:00${era === undefined ? '' : ` ${era}`}` };
  },
};

/** Decimals are kept, so that only what is no time at all has a reason. */
function keepsFraction({ target }: CastSpec): boolean {
  return target.fraction === null || target.fraction >= 6;
}

function moment(
  type: 'timestamp' | 'timestamp with time zone',
  kind: string,
  valid: (text: string) => string,
  print: (input: string, allowed: number | null) => CastOutcome,
): CastRule {
  return {
    nullWhereFailed: keepsFraction,
    toSql: (input, spec) => {
      const text = asText(input, spec);
      const fits = `(${valid(text)} OR ${isInfinity(text)})`;
      // one with an offset is never without it
      const usual = type === 'timestamp' ? `WHEN ${isUsualTimestamp(text)} THEN ${text}::${type} ` : '';
      const wire = `CASE ${usual}WHEN ${fits} THEN ${text}::${type} END`;
      return {
        checks: [
          { kind, failed: presentBut(text, fits) },
          ...fractionCheck(`${text}::${type}`, spec.target.fraction, fits),
        ],
        wire,
        text: `(${wire})::text`,
      };
    },
    apply: (input, { target }) => (infinities.includes(input) ? { value: input } : print(input, target.fraction)),
  };
}

export const textToTimestamp = moment('timestamp', 'cast_timestamp', isTimestamp, (input, allowed) => {
  const read = readIsoTimestamp(input);
  if (read === null || read.offset !== null) return { failed: 'cast_timestamp' };
  return tooFine(read.fraction, allowed)
    ? { failed: 'precision' }
    : { value: printTimestamp(read.seconds, read.fraction, '') };
});

/** Only with an explicit offset: without one the result would depend on the session's zone. */
export const textToTimestamptz = moment(
  'timestamp with time zone',
  'cast_timestamptz',
  isTimestampWithOffset,
  (input, allowed) => {
    const read = readIsoTimestamp(input);
    if (read?.offset === undefined || read.offset === null) return { failed: 'cast_timestamptz' };
    if (tooFine(read.fraction, allowed)) return { failed: 'precision' };
    return { value: printTimestamp(read.seconds - read.offset, read.fraction, '+00') };
  },
);

export const textToTime: CastRule = {
  nullWhereFailed: keepsFraction,
  toSql: (input, spec) => {
    const text = asText(input, spec);
    const valid = isTime(text);
    const wire = `CASE WHEN ${valid} THEN ${text}::time END`;
    return {
      checks: [
        { kind: 'cast_time', failed: presentBut(text, valid) },
        ...fractionCheck(`${text}::time`, spec.target.fraction, valid),
      ],
      wire,
      text: `(${wire})::text`,
    };
  },
  apply: (input, { target }) => {
    if (/^24:00(?::00(?:\.0{1,6})?)?$/.test(input)) return { value: '24:00:00' };
    const match = /^([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{1,6}))?)?$/.exec(input);
    if (match === null) return { failed: 'cast_time' };
    const fraction = match[4] ?? '';
    if (tooFine(fraction, target.fraction)) return { failed: 'precision' };
    return { value: `${match[1]}:${match[2]}:${match[3] ?? '00'}${printFraction(fraction)}` };
  },
};

/** timestamp(6) to timestamp(0), interval to interval(3) and the like: finer values are reasons, never rounded. */
export const narrowFraction: CastRule = {
  toSql: (input, spec) => {
    const type = (spec.target.base ?? spec.target.name).replace(' without time zone', '');
    return {
      checks: fractionCheck(`(${input})`, spec.target.fraction, null),
      wire: `(${input})::${type}`,
      text: `(${input})::text`,
    };
  },
  apply: (input, { target }) =>
    tooFine(fractionOf(input), target.fraction) ? { failed: 'precision' } : { value: input },
};
