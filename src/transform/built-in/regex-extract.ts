import { z } from 'zod';
import { literal } from '../../sql/quote';
import { nonEmptyText } from '../arguments';
import { repertoire } from '../encoding';
import { memo } from '../memo';
import { determinism } from '../pattern/determinism';
import { readPattern } from '../pattern/read-pattern';
import type { Pattern } from '../pattern/pattern';
import { possibleIn } from '../pattern/pattern';
import { toJavaScript, toPostgres } from '../pattern/print-pattern';
import { plain, presentBut } from '../sql-text';
import type { Transform } from '../transform';

interface RegexExtract {
  readonly pattern: Pattern;
  readonly otherwise: 'fail' | 'null' | 'keep';
}

const pattern = nonEmptyText.transform((source, context): Pattern => {
  const read = readPattern(source);
  const message = typeof read === 'string' ? read : determinism(read.body);
  if (message !== null) context.addIssue({ code: 'custom', message });
  return typeof read === 'string' ? { start: false, end: false, body: { sequence: [] } } : read;
});

const usable = memo((args: RegexExtract, encoding: string) =>
  possibleIn(args.pattern, (character) => repertoire(encoding, character) !== ''),
);
const compiled = memo((args: RegexExtract, encoding: string) => {
  const possible = usable(args, encoding);
  return possible === null ? 'impossible' : new RegExp(toJavaScript(possible), 'us');
});

export const regexExtract: Transform<RegexExtract> = {
  name: 'regex_extract',
  description:
    'The first match of a pattern, or its one group: `regex_extract: "^([0-9]{5})"`. Only what PostgreSQL and JavaScript match alike: sets, groups, `? * + {m,n}`, `^ $`, and alternatives or repeats where the next character decides. A value without a match is a bad row, unless `regex_extract: { pattern: …, otherwise: "null" }` (or `keep`).',
  args: z.union([
    pattern.transform((read) => ({ pattern: read, otherwise: 'fail' as const })),
    z.strictObject({
      pattern,
      otherwise: z.enum(['fail', 'null', 'keep'], { error: 'expected fail, "null" or keep' }).default('fail'),
    }),
  ]),
  inputs: 'one',
  reason: 'no_match',
  repeatsInput: true,
  toSql: ([input], args, { encoding }) => {
    const value = plain(input as string);
    const possible = usable(args, encoding);
    const source = possible === null ? null : literal(toPostgres(possible));
    const found = source === null ? 'NULL::text' : `(regexp_match(${value}, ${source}))[1]`;
    const matched = source === null ? 'false' : `${value} ~ ${source}`;
    return {
      value: args.otherwise === 'keep' ? `CASE WHEN ${matched} THEN ${found} ELSE ${value} END` : found,
      failed: args.otherwise === 'fail' ? presentBut(input as string, matched) : null,
    };
  },
  apply: ([input], args, { encoding }) => {
    if (input === null || input === undefined) return { value: null };
    const expression = compiled(args, encoding);
    const match = expression === 'impossible' ? null : expression.exec(input);
    if (match !== null) return { value: match.length > 1 ? (match[1] ?? null) : match[0] };
    return args.otherwise === 'fail' ? { failed: true } : { value: args.otherwise === 'keep' ? input : null };
  },
};
