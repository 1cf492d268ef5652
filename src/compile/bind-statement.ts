import type { KeyColumn } from '../contract/compiled';
import type { KeyRange } from '../contract/key';
import { rangePredicate } from './range-predicate';

export interface StatementBinding {
  /** Source key range; needs `key`. Absent: all rows. */
  readonly range?: KeyRange;
  readonly key?: readonly KeyColumn[];
  /** Hash slice of the target key, `index` from 0 to `of` - 1. Absent: all rows. */
  readonly slice?: { readonly index: number; readonly of: number };
  /** At most this many rows. Absent: no limit. */
  readonly limit?: number;
  /** Rows of one batch, for `boundaries`. */
  readonly rows?: number;
}

/** Quoted identifiers, every kind of string and the tokens: what stands in quotes is never a token, whatever a column is called. */
const lexeme =
  /"(?:[^"]|"")*"|\b[eE]'(?:[^'\\]|''|\\[\s\S])*'|'(?:[^']|'')*'|(?<![\w$])\$(?:[A-Za-z_]\w*)?\$|\{\{(\w+)\}\}/g;

/** Replaces the tokens of a compiled statement outside quotes by what `replace` gives. */
export function replaceTokens(sql: string, replace: (token: string) => string): string {
  let result = '';
  let from = 0;
  lexeme.lastIndex = 0;
  for (let match = lexeme.exec(sql); match !== null; match = lexeme.exec(sql)) {
    const text = match[0];
    if (text.startsWith('$')) {
      const end = sql.indexOf(text, match.index + text.length);
      if (end >= 0) lexeme.lastIndex = end + text.length;
      continue;
    }
    if (match[1] === undefined) continue;
    result += sql.slice(from, match.index) + replace(match[1]);
    from = match.index + text.length;
  }
  return result + sql.slice(from);
}

/** A statement of `MappingStatements` with its tokens bound. */
export function bindStatement(sql: string, binding: StatementBinding = {}): string {
  return replaceTokens(sql, (token) => {
    switch (token) {
      case 'range':
        return rangeOf(binding);
      case 'outside':
        return 'false';
      case 'slice':
        return slicePredicate('"tk"', binding.slice);
      case 'limit':
        return binding.limit === undefined ? '' : `LIMIT ${whole(binding.limit)}`;
      case 'rows':
        if (binding.rows === undefined) throw new Error('this statement needs the number of rows of a batch');
        return whole(binding.rows);
      default:
        throw new Error(`unknown token {{${token}}} in a compiled statement`);
    }
  });
}

function rangeOf({ range, key }: StatementBinding): string {
  if (range === undefined || (range.lower === null && range.upper === null)) return 'true';
  if (key === undefined) throw new Error('a range needs the key columns');
  return rangePredicate(key, range);
}

/** True for one of `of` slices of a key text; both sides compute it alike. A NULL key text falls into slice 0. */
export function slicePredicate(keyText: string, slice: { readonly index: number; readonly of: number } | undefined): string {
  if (slice === undefined || slice.of <= 1) return 'true';
  return `coalesce(mod(${hashOf(keyText)}, ${whole(slice.of)}), 0) = ${whole(slice.index)}`;
}

/** The first 32 bits of SHA-256 over a key text, as a bigint that is never negative. */
export function hashOf(keyText: string): string {
  return `('x' || encode(substr(sha256(convert_to(${keyText}, 'UTF8')), 1, 4), 'hex'))::bit(32)::bigint`;
}

function whole(value: number): string {
  if (!Number.isSafeInteger(value) || value < 0) throw new Error('not a whole number');
  return String(value);
}
