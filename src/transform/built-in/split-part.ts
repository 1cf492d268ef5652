import { z } from 'zod';
import { literal } from '../../sql/quote';
import { integer, nonEmptyText } from '../arguments';
import { canEncode } from '../encoding';
import { plain } from '../sql-text';
import type { Transform } from '../transform';

interface SplitPart {
  readonly on: string;
  readonly part: number;
}

const part = integer(-1000, 1000).refine((value) => value !== 0, 'parts count from 1, or from -1 for the last');

export const splitPart: Transform<SplitPart> = {
  name: 'split_part',
  description:
    'The n-th part between separators, from the end when negative: `split_part: { on: ",", part: 2 }`. As in PostgreSQL, a missing part is the empty text.',
  args: z.union([
    z.strictObject({ on: nonEmptyText, part }),
    z.tuple([nonEmptyText, part]).transform(([on, number]) => ({ on, part: number })),
  ]),
  inputs: 'one',
  reason: null,
  repeatsInput: true,
  toSql: ([input], args, { encoding }) => {
    const value = plain(input as string);
    if (!canEncode(encoding, args.on)) {
      return { value: args.part === 1 || args.part === -1 ? value : `left(${value}, 0)`, failed: null };
    }
    if (args.part > 0) return { value: `split_part(${value}, ${literal(args.on)}, ${args.part})`, failed: null };
    // split_part counts from the end only since PostgreSQL 14.
    const parts = `string_to_array(${value}, ${literal(args.on)})`;
    return {
      value: `CASE WHEN (${input}) IS NOT NULL THEN coalesce((${parts})[cardinality(${parts}) + 1 - ${-args.part}], '') END`,
      failed: null,
    };
  },
  apply: ([input], args) => {
    if (input === null || input === undefined) return { value: null };
    return { value: input.split(args.on).at(args.part > 0 ? args.part - 1 : args.part) ?? '' };
  },
};
