import type { KeyColumn } from '../../contract/compiled';
import type { KeyRange } from '../../contract/key';
import { literal } from '../../sql/quote';
import { rangeExpression, rangeType } from './key-order';

/**
 * SQL predicate of one key range over the source's own columns: greater than `lower`, up to and including `upper`, in the
 * columns' own collations. `true` when the range has no bounds.
 */
export function rangePredicate(key: readonly KeyColumn[], range: KeyRange): string {
  const [partition, ...place] = key;
  if (partition?.name === 'tableoid' && range.lower !== null && range.lower[0] === range.upper?.[0]) {
    // inside one partition: the others are not read, and this one only between the two places
    const inside = { lower: range.lower.slice(1), upper: range.upper?.slice(1) ?? null };
    return `${rangeExpression(partition)} = ${literal(range.lower[0] as string)}::oid AND ${rangePredicate(place, inside)}`;
  }
  const columns = row(key.map((column) => rangeExpression(column)));
  const bound = (values: readonly string[]): string => {
    if (values.length !== key.length) throw new Error('a bound needs one value for each key column');
    return row(key.map((column, index) => `${literal(values[index] as string)}::${rangeType(column)}`));
  };
  const parts: string[] = [];
  if (range.lower !== null) parts.push(`${columns} > ${bound(range.lower)}`);
  if (range.upper !== null) parts.push(`${columns} <= ${bound(range.upper)}`);
  return parts.length === 0 ? 'true' : parts.join(' AND ');
}

function row(expressions: readonly string[]): string {
  return expressions.length === 1 ? (expressions[0] as string) : `ROW(${expressions.join(', ')})`;
}
