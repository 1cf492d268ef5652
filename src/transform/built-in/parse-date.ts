import { z } from 'zod';
import { literal } from '../../sql/quote';
import { nonEmptyText } from '../arguments';
import { daysInMonth } from '../civil';
import type { DateField, DateShape, FormatPart } from '../date-format';
import { ambiguous, dateShapes, readDateFormat, withoutLetters } from '../date-format';
import { canEncode } from '../encoding';
import { memo } from '../memo';
import { plain, presentBut } from '../sql-text';
import type { Transform } from '../transform';

interface ParseDate {
  readonly formats: readonly { readonly format: string; readonly parts: readonly FormatPart[] }[];
  /** True when one format has a time of day: then every result has one. */
  readonly withTime: boolean;
}

const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZbcdefghijklmnopqrstuvwxyz';

const formats = z
  .union([nonEmptyText.transform((format) => [format]), z.array(nonEmptyText).min(1, 'expected at least one format')])
  .transform((list, context): ParseDate => {
    const read = list.map((format) => ({ format, parts: readDateFormat(format) }));
    const problems = read.flatMap(({ parts }) => (typeof parts === 'string' ? [parts] : []));
    const usable = read.flatMap(({ format, parts }) => (typeof parts === 'string' ? [] : [{ format, parts }]));
    const clash = ambiguous(usable);
    for (const message of clash === null ? problems : [...problems, clash])
      context.addIssue({ code: 'custom', message });
    return {
      formats: usable,
      withTime: usable.some(({ parts }) => parts.some((part) => 'field' in part && part.field === 'hour')),
    };
  });

function toText(
  input: string,
  { fields, literals }: DateShape,
  { withTime, named }: { withTime: boolean; named: boolean },
): string {
  const value = plain(input);
  const part = (field: DateField): string => {
    const place = fields[field];
    if (place === undefined) return `'00'`;
    const text = `substr(${value}, ${place.at}, ${place.length})`;
    if (place.name) {
      return `CASE upper(${text}) ${months.map((month, index) => `WHEN '${month}' THEN '${String(index + 1).padStart(2, '0')}'`).join(' ')} END`;
    }
    return place.length === 1 ? `('0' || ${text})` : text;
  };
  const [year, month, day] = [part('year'), part('month'), part('day')];
  const number = `${year}::int`;
  const lastDay = `CASE WHEN ${month} IN ('04', '06', '09', '11') THEN '30' WHEN ${month} <> '02' THEN '31' WHEN ${number} % 4 = 0 AND (${number} % 100 <> 0 OR ${number} % 400 = 0) THEN '29' ELSE '28' END`;
  const conditions = [
    `${year} <> '0000'`,
    `${month} BETWEEN '01' AND '12'`,
    `${day} >= '01'`,
    `(${day} <= '28' OR ${day} <= ${lastDay})`,
    ...(fields.hour === undefined ? [] : [`${part('hour')} < '24'`]),
    ...(fields.minute === undefined ? [] : [`${part('minute')} < '60'`]),
    ...(fields.second === undefined ? [] : [`${part('second')} < '60'`]),
    ...(named
      ? literals.map(({ at, text }) => `substr(${value}, ${at}, ${Array.from(text).length}) = ${literal(text)}`)
      : []),
  ];
  const date = `${year} || '-' || ${month} || '-' || ${day}`;
  const time = withTime ? ` || ' ' || ${part('hour')} || ':' || ${part('minute')} || ':' || ${part('second')}` : '';
  return `CASE WHEN ${conditions.join(' AND ')} THEN ${date}${time} END`;
}

/** One look at the shape of the text picks the format; no regular expressions, since PostgreSQL caches only 32 of them. */
function toSql(input: string, args: ParseDate, encoding: string): string {
  const named = args.formats.some(({ parts }) => parts.some((part) => 'field' in part && part.kind === 'name'));
  const branches = new Map<string, string>();
  for (const { parts } of args.formats) {
    for (const shape of dateShapes(parts)) {
      const key = named ? withoutLetters(shape.shape) : shape.shape;
      if (!canEncode(encoding, key) || shape.literals.some(({ text }) => !canEncode(encoding, text))) continue;
      const result = toText(input, shape, { withTime: args.withTime, named });
      const before = branches.get(key);
      branches.set(key, before === undefined || before === result ? result : `coalesce(${before}, ${result})`);
    }
  }
  if (branches.size === 0) return 'NULL::text';
  const [from, to] = named
    ? [`012345678${letters}`, '9'.repeat(9) + 'a'.repeat(letters.length)]
    : ['012345678', '9'.repeat(9)];
  const when = [...branches].map(([shape, result]) => `WHEN ${literal(shape)} THEN ${result}`).join(' ');
  return `CASE translate(${plain(input)}, '${from}', '${to}') ${when} END`;
}

const matchers = memo((args: ParseDate) =>
  args.formats.map(({ parts }) => {
    const fields: DateField[] = [];
    const pattern = parts.map((part) => {
      if ('literal' in part) return part.literal.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
      fields.push(part.field);
      return part.kind === 'name' ? '([A-Za-z]{3})' : `([0-9]{${part.min},${part.max}})`;
    });
    return { pattern: new RegExp(`^${pattern.join('')}$`, 'u'), fields };
  }),
);

function read(input: string, args: ParseDate): string | null {
  for (const { pattern, fields } of matchers(args, null)) {
    const match = pattern.exec(input);
    if (match === null) continue;
    const found: Record<DateField, number> = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
    fields.forEach((field, index) => {
      const text = match[index + 1] as string;
      found[field] = /[A-Za-z]/.test(text) ? months.indexOf(text.toUpperCase()) + 1 : Number(text);
    });
    const { year, month, day, hour, minute, second } = found;
    if (year < 1 || day < 1 || day > daysInMonth(year, month) || hour > 23 || minute > 59 || second > 59) continue;
    const two = (number: number) => String(number).padStart(2, '0');
    const date = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
    return args.withTime ? `${date} ${two(hour)}:${two(minute)}:${two(second)}` : date;
  }
  return null;
}

export const parseDate: Transform<ParseDate> = {
  name: 'parse_date',
  description:
    'An ISO date from text in the stated formats, the first that fits: `parse_date: [YYYY-MM-DD, DD/MM/YYYY]`. Tokens: YYYY MM DD M D MON (English) HH24 MI SS; other letters in double quotes. Formats that would read one text as two dates are refused; a text that fits none, or is not a real date, is a bad row.',
  args: formats,
  inputs: 'one',
  reason: 'bad_date',
  repeatsInput: true,
  toSql: ([input], args, { encoding }) => {
    const value = toSql(input as string, args, encoding);
    return { value, failed: presentBut(input as string, `(${value}) IS NOT NULL`) };
  },
  apply: ([input], args) => {
    if (input === null || input === undefined) return { value: null };
    const value = read(input, args);
    return value === null ? { failed: true } : { value };
  },
};
