import { z } from 'zod';
import { literal } from '../../sql/quote';
import { text } from '../arguments';
import { canEncode } from '../encoding';
import { plain } from '../sql-text';
import type { Transform } from '../transform';

interface NullIf {
  readonly values: readonly string[];
}

export const nullIf: Transform<NullIf> = {
  name: 'null_if',
  description: 'NULL when the value is exactly one of these texts: `null_if: ["", n/a]`.',
  args: z
    .union([text.transform((value) => [value]), z.array(text).min(1, 'expected at least one text')])
    .transform((values) => ({ values: [...new Set(values)] })),
  inputs: 'one',
  reason: null,
  repeatsInput: false,
  toSql: ([input], { values }, { encoding }) => ({
    value: values
      .filter((value) => canEncode(encoding, value))
      .reduce((expression, value) => `nullif(${expression}, ${literal(value)})`, plain(input as string)),
    failed: null,
  }),
  apply: ([input], { values }) => ({
    value: input === null || input === undefined || values.includes(input) ? null : input,
  }),
};
