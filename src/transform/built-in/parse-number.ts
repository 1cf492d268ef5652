import { z } from 'zod';
import { literal } from '../../sql/quote';
import { longestNumber, printDecimal, readDecimal } from '../decimal';
import { canEncode } from '../encoding';
import { memo } from '../memo';
import { plain, presentBut } from '../sql-text';
import type { Transform } from '../transform';

interface ParseNumber {
  readonly decimal: string;
  readonly group: string | null;
}

const mark = z.string().regex(/^[.,'_ ;:·٫٬\u00a0\u2009\u202f’]$/u, 'expected one mark such as "." or ","');

function escape(character: string): string {
  return `[${character}]`;
}

function pattern({ decimal, group }: { readonly decimal: string | null; readonly group: string | null }): string {
  const whole = group === null ? '[0-9]+' : `([0-9]{1,3}(${escape(group)}[0-9]{3})+|[0-9]+)`;
  if (decimal === null) return `^[+-]?${whole}$`;
  return `^[+-]?(${whole}(${escape(decimal)}[0-9]+)?|${escape(decimal)}[0-9]+)$`;
}

const matcher = memo((args: ParseNumber) => new RegExp(pattern(args), 'u'));

export const parseNumber: Transform<ParseNumber> = {
  name: 'parse_number',
  description:
    'Reads a number with the given marks: `parse_number: { decimal: ",", group: "." }` for -1.234,50; groups have three digits. Without arguments: a decimal point, no groups. Blanks (see trim) and currency signs are not accepted.',
  args: z.union([
    z.null().transform(() => ({ decimal: '.', group: null })),
    z
      .strictObject({ decimal: mark.default('.'), group: mark.nullable().default(null) })
      .refine((args) => args.decimal !== args.group, 'decimal and group must differ'),
  ]),
  inputs: 'one',
  reason: 'bad_number',
  repeatsInput: true,
  toSql: ([input], stated, { encoding }) => {
    const known = (character: string | null) =>
      character !== null && canEncode(encoding, character) ? character : null;
    const args = { decimal: known(stated.decimal), group: known(stated.group) };
    const value = plain(input as string);
    const valid = `(length(${value}) <= ${longestNumber} AND ${value} ~ ${literal(pattern(args))})`;
    const bare = args.group === null ? value : `replace(${value}, ${literal(args.group)}, '')`;
    const number =
      args.decimal === null || args.decimal === '.' ? bare : `replace(${bare}, ${literal(args.decimal)}, '.')`;
    return {
      value: `CASE WHEN ${valid} THEN (${number})::numeric::text END`,
      failed: presentBut(input as string, valid),
    };
  },
  apply: ([input], args) => {
    if (input === null || input === undefined) return { value: null };
    if (input.length > longestNumber || !matcher(args, null).test(input)) return { failed: true };
    const bare = args.group === null ? input : input.replaceAll(args.group, '');
    const number = readDecimal(bare.replace(args.decimal, '.'));
    return number === null ? { failed: true } : { value: printDecimal(number) };
  },
};
