import { repertoire } from './encoding';

/** What `trim` and `collapse_whitespace` call whitespace: the set of JavaScript's `trim`, NO-BREAK SPACE and BOM included. */
const whitespace =
  '\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff';

const byEncoding = new Map<string, string>();

/** The whitespace characters that exist in an encoding. */
export function whitespaceOf(encoding: string): string {
  let characters = byEncoding.get(encoding);
  if (characters === undefined) byEncoding.set(encoding, (characters = repertoire(encoding, whitespace)));
  return characters;
}
