import { z } from 'zod';
import { text } from '../arguments';
import { canEncode } from '../encoding';
import { isOneOf, plain, presentBut } from '../sql-text';
import type { Transform } from '../transform';

interface BooleanArgs {
  readonly true: readonly string[];
  readonly false: readonly string[];
}

function asciiLower(value: string): string {
  return value.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

const words = z
  .union([text.transform((value) => [value]), z.array(text).min(1, 'expected at least one text')])
  .transform((values) => values.map(asciiLower));

export const boolean: Transform<BooleanArgs> = {
  name: 'boolean',
  description:
    '`true` or `false` from t, true, y, yes, on, 1 and f, false, n, no, off, 0, or from your own: `boolean: { "true": [J], "false": [N] }`. ASCII case does not matter; anything else is a bad row.',
  args: z
    .union([
      z.null().transform(() => ({
        true: ['t', 'true', 'y', 'yes', 'on', '1'],
        false: ['f', 'false', 'n', 'no', 'off', '0'],
      })),
      z.strictObject({ true: words, false: words }),
    ])
    .refine((args) => !args.true.some((word) => args.false.includes(word)), 'a text cannot be both true and false'),
  inputs: 'one',
  reason: 'bad_boolean',
  repeatsInput: true,
  toSql: ([input], args, { encoding }) => {
    const value = `lower(${plain(input as string)})`;
    const known = (list: readonly string[]) => list.filter((word) => canEncode(encoding, word));
    return {
      value: `CASE WHEN ${isOneOf(value, known(args.true))} THEN 'true' WHEN ${isOneOf(value, known(args.false))} THEN 'false' END`,
      failed: presentBut(input as string, isOneOf(value, known([...args.true, ...args.false]))),
    };
  },
  apply: ([input], args) => {
    if (input === null || input === undefined) return { value: null };
    const word = asciiLower(input);
    if (args.true.includes(word)) return { value: 'true' };
    return args.false.includes(word) ? { value: 'false' } : { failed: true };
  },
};
