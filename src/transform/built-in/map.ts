import { z } from 'zod';
import { literal } from '../../sql/quote';
import { text } from '../arguments';
import { canEncode } from '../encoding';
import { memo } from '../memo';
import { isOneOf, plain, presentBut } from '../sql-text';
import type { Transform } from '../transform';

type Otherwise = 'fail' | 'keep' | 'null' | { readonly default: string };

interface MapArgs {
  readonly values: readonly (readonly [from: string, to: string | null])[];
  readonly otherwise: Otherwise;
}

const entries = z
  .record(text, text.nullable(), { error: 'expected pairs of text, such as { A: active, I: inactive }' })
  .refine((pairs) => Object.keys(pairs).length > 0, 'expected at least one pair');

const lookup = memo(({ values }: MapArgs) => new Map(values));

export const map: Transform<MapArgs> = {
  name: 'map',
  description:
    'Replaces each text by its pair: `map: { A: active }`. Unknown texts are bad rows, unless `map: { values: {…}, otherwise: keep | null | { default: text } }`.',
  args: z
    .union([
      z.strictObject({
        values: entries,
        otherwise: z
          .union([
            z.enum(['fail', 'keep', 'null']),
            z.null().transform(() => 'null' as const),
            z.strictObject({ default: text }),
          ])
          .default('fail'),
      }),
      entries.transform((values) => ({ values, otherwise: 'fail' as const })),
    ])
    .transform(({ values, otherwise }) => ({ values: Object.entries(values), otherwise })),
  inputs: 'one',
  reason: 'unknown_value',
  repeatsInput: true,
  produces: ({ values, otherwise }) => [
    ...values.flatMap(([, to]) => (to === null ? [] : [to])),
    ...(typeof otherwise === 'string' ? [] : [otherwise.default]),
  ],
  toSql: ([input], { values, otherwise }, { encoding }) => {
    const possible = values.filter(([from]) => canEncode(encoding, from));
    const value = plain(input as string);
    const rest =
      otherwise === 'keep'
        ? input
        : typeof otherwise === 'string'
          ? 'NULL'
          : `CASE WHEN (${input}) IS NOT NULL THEN ${literal(otherwise.default)} END`;
    const branches = possible.map(([from, to]) => `WHEN ${literal(from)} THEN ${literal(to)}`).join(' ');
    return {
      value: possible.length === 0 ? `(${rest})::text` : `(CASE ${value} ${branches} ELSE ${rest} END)::text`,
      failed:
        otherwise === 'fail'
          ? presentBut(
              input as string,
              isOneOf(
                input as string,
                possible.map(([from]) => from),
              ),
            )
          : null,
    };
  },
  apply: ([input], args) => {
    if (input === null || input === undefined) return { value: null };
    const found = lookup(args, null).get(input);
    if (found !== undefined) return { value: found };
    if (args.otherwise === 'fail') return { failed: true };
    return { value: args.otherwise === 'keep' ? input : args.otherwise === 'null' ? null : args.otherwise.default };
  },
};
