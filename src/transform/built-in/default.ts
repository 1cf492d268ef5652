import { z } from 'zod';
import { literal } from '../../sql/quote';
import { text } from '../arguments';
import { plain } from '../sql-text';
import type { Transform } from '../transform';

interface Default {
  readonly value: string;
}

export const defaultTo: Transform<Default> = {
  name: 'default',
  description: 'Replaces NULL by this text: `default: unknown`. The empty text is a value (see null_if).',
  args: z.union([text]).transform((value) => ({ value })),
  inputs: 'one',
  reason: null,
  repeatsInput: false,
  produces: ({ value }) => [value],
  toSql: ([input], { value }) => ({ value: `coalesce(${plain(input as string)}, ${literal(value)})`, failed: null }),
  apply: ([input], { value }) => ({ value: input ?? value }),
};
