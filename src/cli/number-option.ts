import { fail } from '../errors/rowproof-error';

/** A whole number given on the command line; RP9001 with its bounds otherwise. */
export function wholeNumber(option: string, text: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  const upTo = max === Number.MAX_SAFE_INTEGER ? ` of at least ${min}` : ` from ${min} to ${max}`;
  throw fail('RP9001', `${option} takes a whole number${upTo}.`);
}

/** A share of the rows such as `1%` or `0.5`, above 0 and up to 100; RP9001 otherwise. */
export function percent(option: string, text: string): number {
  const value = /^\d+(\.\d+)?\s*%?$/.test(text) ? Number.parseFloat(text) : Number.NaN;
  if (value > 0 && value <= 100) return value;
  throw fail('RP9001', `${option} takes a share of the rows above 0 and up to 100, such as 1%.`);
}
