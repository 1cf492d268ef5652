import { figure } from './format';

/** A number with its noun: "1 row", "1,204 rows", "1 batch", "3 batches". `many` where the plural is not an s or es. */
export function counted(count: number, noun: string, many: string = plural(noun)): string {
  return `${figure(count)} ${agreeing(count, noun, many)}`;
}

/** The form of a word that agrees with the number: `agreeing(n, 'has', 'have')`. */
export function agreeing(count: number, one: string, many: string): string {
  return count === 1 ? one : many;
}

function plural(noun: string): string {
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`;
  return /(?:s|x|z|ch|sh)$/.test(noun) ? `${noun}es` : `${noun}s`;
}
