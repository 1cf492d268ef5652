import { literal } from '../../sql/quote';
import { nothing } from '../arguments';
import { plain } from '../sql-text';
import type { Transform } from '../transform';
import { whitespaceOf } from '../whitespace';

const asciiEdges = /^[\t\n\v\f\r ]+|[\t\n\v\f\r ]+$/g;

export const trim: Transform<null> = {
  name: 'trim',
  description: 'Removes whitespace at both ends: blanks, tabs, line ends, no-break and other Unicode spaces, BOM.',
  args: nothing,
  inputs: 'one',
  reason: null,
  repeatsInput: false,
  toSql: ([input], _args, { encoding }) => ({
    value: `btrim(${plain(input as string)}, ${literal(whitespaceOf(encoding))})`,
    failed: null,
  }),
  apply: ([input], _args, { encoding }) => ({
    value:
      input === null || input === undefined
        ? null
        : encoding === 'SQL_ASCII'
          ? input.replace(asciiEdges, '')
          : input.trim(),
  }),
};
