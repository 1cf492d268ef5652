import { z } from 'zod';
import { literal } from '../../sql/quote';
import { text } from '../arguments';
import { plain } from '../sql-text';
import type { Transform } from '../transform';

interface Concat {
  readonly separator: string;
  readonly nulls: 'skip' | 'null';
}

export const concat: Transform<Concat> = {
  name: 'concat',
  description:
    'Joins several source columns: `{ from: [first, last], steps: [{ concat: " " }] }`. NULLs are left out, and the result is NULL if all are NULL; with `concat: { separator: " ", nulls: "null" }` one NULL makes the result NULL.',
  args: z.union([
    z.null().transform(() => ({ separator: '', nulls: 'skip' as const })),
    text.transform((separator) => ({ separator, nulls: 'skip' as const })),
    z.strictObject({
      separator: text.default(''),
      nulls: z.enum(['skip', 'null'], { error: 'expected skip or "null"' }).default('skip'),
    }),
  ]),
  inputs: 'many',
  reason: null,
  repeatsInput: true,
  produces: ({ separator }) => [separator],
  toSql: (inputs, { separator, nulls }) => {
    const parts = inputs.map(plain);
    return {
      value:
        nulls === 'null'
          ? parts.join(separator === '' ? ' || ' : ` || ${literal(separator)} || `)
          : `CASE WHEN coalesce(${parts.join(', ')}) IS NOT NULL THEN concat_ws(${literal(separator)}, ${parts.join(', ')}) END`,
      failed: null,
    };
  },
  apply: (inputs, { separator, nulls }) => {
    const present = inputs.filter((input): input is string => input !== null);
    return {
      value:
        present.length === 0 || (nulls === 'null' && present.length < inputs.length) ? null : present.join(separator),
    };
  },
};
