import { literal } from '../../sql/quote';
import { nothing } from '../arguments';
import type { CasePairs } from '../case-pairs';
import { casePairs } from '../case-pairs';
import { plain } from '../sql-text';
import type { Transform } from '../transform';

const nonAscii = /[^\x01-\x7f]/g;
const singleByte = /^(LATIN|WIN|KOI8|ISO_8859|SQL_ASCII)/;

/** translate() is a linear search per character, so plain ASCII values go around it where their byte length tells. */
function mapCase(direction: 'lower' | 'upper', input: string, encoding: string, { upper, lower }: CasePairs): string {
  const value = plain(input);
  const ascii = `${direction}(${value})`;
  if (upper === '') return ascii;
  const [from, to] = direction === 'lower' ? [upper, lower] : [lower, upper];
  const all = `translate(${ascii}, ${literal(from)}, ${literal(to)})`;
  return singleByte.test(encoding)
    ? all
    : `CASE WHEN octet_length(${input}) = length(${value}) THEN ${ascii} ELSE ${all} END`;
}

export const lower: Transform<null> = {
  name: 'lower',
  description:
    'Lower case by a fixed table of letter pairs (Latin, Greek, Cyrillic, Armenian), the same on every server.',
  args: nothing,
  inputs: 'one',
  reason: null,
  repeatsInput: true,
  toSql: ([input], _args, { encoding }) => ({
    value: mapCase('lower', input as string, encoding, casePairs(encoding)),
    failed: null,
  }),
  apply: ([input], _args, { encoding }) => {
    if (input === null || input === undefined) return { value: null };
    const { toLower } = casePairs(encoding);
    return {
      value: input
        .replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
        .replace(nonAscii, (character) => toLower.get(character) ?? character),
    };
  },
};

export const upper: Transform<null> = {
  name: 'upper',
  description:
    'Upper case by a fixed table of letter pairs (Latin, Greek, Cyrillic, Armenian), the same on every server.',
  args: nothing,
  inputs: 'one',
  reason: null,
  repeatsInput: true,
  toSql: ([input], _args, { encoding }) => ({
    value: mapCase('upper', input as string, encoding, casePairs(encoding)),
    failed: null,
  }),
  apply: ([input], _args, { encoding }) => {
    if (input === null || input === undefined) return { value: null };
    const { toUpper } = casePairs(encoding);
    return {
      value: input
        .replace(/[a-z]+/g, (letters) => letters.toUpperCase())
        .replace(nonAscii, (character) => toUpper.get(character) ?? character),
    };
  },
};
