import type { KeyColumn } from '../../contract/compiled';
import type { KeyRange } from '../../contract/key';
import { literal } from '../../sql/quote';
import { rangePredicate } from '../key/range-predicate';

export interface StatementBinding {
  /** Source key range; needs `key`. Absent: all rows. */
  readonly range?: KeyRange;
  readonly key?: readonly KeyColumn[];
  /** Hash slice of the target key, `index` from 0 to `of` - 1. Absent: all rows. */
  readonly slice?: { readonly index: number; readonly of: number };
  /** At most this many rows. Absent: no limit. */
  readonly limit?: number;
  /** For a proof: what stands before the digests of large values. Absent: values as they are. */
  readonly large?: string;
  /** Rows of one batch, for `boundaries`. */
  readonly rows?: number;
  /** What is read beside the key, for `originals`. */
  readonly columns?: readonly string[];
}

/** Quoted identifiers, every kind of string and the tokens: what stands in quotes is never a token, whatever a column is called. */
const lexeme =
  /"(?:[^"]|"")*"|\b[eE]'(?:[^'\\]|''|\\[\s\S])*'|'(?:[^']|'')*'|(?<![\w$])\$(?:[A-Za-z_]\w*)?\$|\{\{(\w+)\}\}/g;

interface FoundToken {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

function findTokens(sql: string): FoundToken[] {
  const found: FoundToken[] = [];
  lexeme.lastIndex = 0;
  for (let match = lexeme.exec(sql); match !== null; match = lexeme.exec(sql)) {
    const text = match[0];
    const end = match.index + text.length;
    if (text.startsWith('$')) {
      const close = sql.indexOf(text, end);
      if (close >= 0) lexeme.lastIndex = close + text.length;
    } else if (match[1] !== undefined) {
      found.push({ name: match[1], start: match.index, end });
    }
  }
  return found;
}

/** Replaces the tokens of a compiled statement outside quotes by what `replace` gives. */
export function replaceTokens(sql: string, replace: (token: string) => string): string {
  let result = '';
  let from = 0;
  for (const token of findTokens(sql)) {
    result += sql.slice(from, token.start) + replace(token.name);
    from = token.end;
  }
  return result + sql.slice(from);
}

/** Removes what stands between {{sample}} and {{end}}: without a sample all rows count. */
function withoutSample(sql: string): string {
  let result = '';
  let from = 0;
  for (const token of findTokens(sql)) {
    if (token.name === 'sample') result += sql.slice(from, token.start);
    if (token.name === 'end') from = token.end;
  }
  return result + sql.slice(from);
}

/** A statement of `MappingStatements` with its tokens bound. */
export function bindStatement(sql: string, binding: StatementBinding = {}): string {
  return replaceTokens(withoutSample(sql), (token) => {
    switch (token) {
      case 'range':
        return rangeOf(binding);
      case 'slice':
        return slicePredicate('"tk"', binding.slice);
      case 'large':
        return literal(binding.large ?? null);
      case 'columns':
        return (binding.columns ?? []).map((column) => `, ${column}`).join('');
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
function slicePredicate(keyText: string, slice: { readonly index: number; readonly of: number } | undefined): string {
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
