import { z } from 'zod';
import { integer } from '../arguments';
import { printDecimal, readDecimal, roundTo } from '../decimal';
import { isDecimal, whenDecimal } from '../number-sql';
import { presentBut } from '../sql-text';
import type { Transform } from '../transform';

interface Round {
  readonly places: number;
}

export const round: Transform<Round> = {
  name: 'round',
  description:
    'Rounds half away from zero to that many decimals, padded with zeros: `round: 2`; without argument to a whole number. A value that is not a number is a bad row.',
  args: z.union([z.null().transform(() => 0), integer(-100, 100)]).transform((places) => ({ places })),
  inputs: 'one',
  reason: 'bad_number',
  repeatsInput: true,
  toSql: ([input], { places }) => ({
    value: whenDecimal(input as string, `round((${input})::numeric, ${places})::text`),
    failed: presentBut(input as string, isDecimal(input as string)),
  }),
  apply: ([input], { places }) => {
    if (input === null || input === undefined) return { value: null };
    const number = readDecimal(input);
    return number === null ? { failed: true } : { value: printDecimal(roundTo(number, places)) };
  },
};
