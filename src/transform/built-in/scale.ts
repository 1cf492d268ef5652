import { integer } from '../arguments';
import { printDecimal, readDecimal, shift } from '../decimal';
import { isDecimal, whenDecimal } from '../number-sql';
import { presentBut } from '../sql-text';
import type { Transform } from '../transform';
import { z } from 'zod';

interface Scale {
  readonly power: number;
}

export const scale: Transform<Scale> = {
  name: 'scale',
  description:
    'Multiplies by a power of ten, exactly: `scale: -2` turns 12345 into 123.45. A value that is not a number is a bad row.',
  args: z.union([integer(-100, 100)]).transform((power) => ({ power })),
  inputs: 'one',
  reason: 'bad_number',
  repeatsInput: true,
  toSql: ([input], { power }) => ({
    value: whenDecimal(input as string, `((${input})::numeric::text || 'e${power}')::numeric::text`),
    failed: presentBut(input as string, isDecimal(input as string)),
  }),
  apply: ([input], { power }) => {
    if (input === null || input === undefined) return { value: null };
    const number = readDecimal(input);
    return number === null ? { failed: true } : { value: printDecimal(shift(number, power)) };
  },
};
