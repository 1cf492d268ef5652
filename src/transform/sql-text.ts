import { literal } from '../sql/quote';

/**
 * Every operation on text states collation "C": a column's own collation may be nondeterministic, which makes `=` fuzzy and
 * refuses substring searches, and lower() would follow its locale.
 */
export function plain(input: string): string {
  return `(${input}) COLLATE "C"`;
}

export function isOneOf(input: string, values: readonly string[]): string {
  if (values.length === 0) return 'false';
  return `${plain(input)} IN (${values.map(literal).join(', ')})`;
}

/** `(input is not null and not (valid))` for a `valid` that is never NULL where the input is not. */
export function presentBut(input: string, valid: string): string {
  return `((${input}) IS NOT NULL AND NOT coalesce(${valid}, false))`;
}
