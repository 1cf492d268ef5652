import { literal } from '../../sql/quote';
import { nothing } from '../arguments';
import { plain } from '../sql-text';
import type { Transform } from '../transform';
import { whitespaceOf } from '../whitespace';

export const collapseWhitespace: Transform<null> = {
  name: 'collapse_whitespace',
  description: 'Turns every run of whitespace (the set of trim) into one blank; does not trim.',
  args: nothing,
  inputs: 'one',
  reason: null,
  repeatsInput: false,
  toSql: ([input], _args, { encoding }) => {
    const whitespace = whitespaceOf(encoding);
    const blanks = ' '.repeat(Array.from(whitespace).length);
    return {
      value: `regexp_replace(translate(${plain(input as string)}, ${literal(whitespace)}, ${literal(blanks)}), ' {2,}', ' ', 'g')`,
      failed: null,
    };
  },
  apply: ([input], _args, { encoding }) => ({
    value:
      input === null || input === undefined
        ? null
        : input.replace(encoding === 'SQL_ASCII' ? /[\t\n\v\f\r ]+/g : /\s+/g, ' '),
  }),
};
