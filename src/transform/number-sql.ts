import { plain } from './sql-text';
import { longestNumber } from './decimal';

/** The SQL twin of `readDecimal`: true where a text is a number that numeric takes for certain. NULL for NULL. */
export function isDecimal(input: string): string {
  return `(length(${plain(input)}) <= ${longestNumber} AND ${plain(input)} ~ '^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,3})?$')`;
}

/** `then` where the text is a number, else NULL; CASE keeps the casts in `then` from seeing anything else. */
export function whenDecimal(input: string, then: string): string {
  return `CASE WHEN ${isDecimal(input)} THEN ${then} END`;
}
