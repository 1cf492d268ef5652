import { fail } from '../errors/rowproof-error';

/** A row as sessions answer it: texts and nulls by name. */
type Row = object;

/** A whole number that a double holds exactly, such as a count, an oid or a pid. RP4024 where the column is anything else. */
export function integer(row: Row | undefined, name: string): number {
  return integerOrNull(row, name) ?? unreadable(name, row === undefined ? 'not there, there is no row' : 'null');
}

/** As `integer`; null where the column is null or there is no row. */
export function integerOrNull(row: Row | undefined, name: string): number | null {
  const text = textOf(row, name);
  if (text === null) return null;
  const value = /^-?\d+$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(value) ? value : unreadable(name, 'no whole number');
}

/** Any finite number, such as an age in seconds. RP4024 where the column is anything else. */
export function number(row: Row | undefined, name: string): number {
  return numberOrNull(row, name) ?? unreadable(name, row === undefined ? 'not there, there is no row' : 'null');
}

/** As `number`; null where the column is null or there is no row. */
export function numberOrNull(row: Row | undefined, name: string): number | null {
  const text = textOf(row, name);
  if (text === null) return null;
  const value = /\d/.test(text) ? Number(text) : NaN;
  return Number.isFinite(value) ? value : unreadable(name, 'no number');
}

/** A condition: false also where it is unknown (NULL) or there is no row. RP4024 where the column is no boolean. */
export function flag(row: Row | undefined, name: string): boolean {
  const text = textOf(row, name);
  if (text === null || text === 'false' || text === 'f') return false;
  return text === 'true' || text === 't' || unreadable(name, 'no boolean');
}

function textOf(row: Row | undefined, name: string): string | null {
  if (row === undefined) return null;
  const value = (row as Readonly<Record<string, unknown>>)[name];
  if (value === null) return null;
  return typeof value === 'string' ? value : unreadable(name, value === undefined ? 'not there' : 'no text');
}

/** Names the column and never its value. */
function unreadable(name: string, what: string): never {
  throw fail('RP4024', `Column ${name} of an answer is ${what}`);
}
