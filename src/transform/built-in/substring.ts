import { z } from 'zod';
import { integer } from '../arguments';
import { plain } from '../sql-text';
import type { Transform } from '../transform';

interface Substring {
  readonly from: number;
  readonly for: number | null;
}

const from = integer(1, 999_999_999);
const length = integer(0, 999_999_999);

export const substring: Transform<Substring> = {
  name: 'substring',
  description:
    'Characters (code points) from a position that counts from 1: `substring: { from: 1, for: 3 }`, or `substring: [1, 3]`.',
  args: z.union([
    z.strictObject({ from, for: length.optional() }).transform((args) => ({ from: args.from, for: args.for ?? null })),
    z.tuple([from]).transform(([first]) => ({ from: first, for: null })),
    z.tuple([from, length]).transform(([first, count]) => ({ from: first, for: count })),
  ]),
  inputs: 'one',
  reason: null,
  repeatsInput: false,
  toSql: ([input], args) => ({
    value: `substr(${plain(input as string)}, ${args.from}${args.for === null ? '' : `, ${args.for}`})`,
    failed: null,
  }),
  apply: ([input], args) => {
    if (input === null || input === undefined) return { value: null };
    const start = args.from - 1;
    return {
      value: Array.from(input)
        .slice(start, args.for === null ? undefined : start + args.for)
        .join(''),
    };
  },
};
