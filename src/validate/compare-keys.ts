import type { KeyOrder } from '../contract/compiled';

/** Compares one key column of two rows: negative, zero or positive, as the databases order the proof streams. */
type CompareText = (left: string, right: string) => number;

const minus = 45;

/** Canonical integers of any size (no plus sign, no leading zeros): by sign, then digits, then text. */
function compareIntegers(left: string, right: string): number {
  if (left === right) return 0;
  const negative = left.charCodeAt(0) === minus;
  if (negative !== (right.charCodeAt(0) === minus)) return negative ? -1 : 1;
  const magnitude = left.length === right.length ? (left < right ? -1 : 1) : left.length - right.length;
  return negative ? -magnitude : magnitude;
}

/**
 * Order of the UTF-8 bytes without encoding them. It differs from the order of UTF-16 code units only where a surrogate
 * (a character above U+FFFF) meets U+E000 to U+FFFF.
 */
export function compareUtf8(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a === b) continue;
    if (a >= 0xd800 && b >= 0xd800) return isSurrogate(a) === isSurrogate(b) ? a - b : isSurrogate(a) ? 1 : -1;
    return a - b;
  }
  return left.length - right.length;
}

function isSurrogate(unit: number): boolean {
  return unit <= 0xdfff;
}

const comparers: Readonly<Record<KeyOrder, CompareText>> = {
  integer: compareIntegers,
  // canonical lower-case hex: text order is byte order
  uuid: (left, right) => (left < right ? -1 : left > right ? 1 : 0),
  bytes: compareUtf8,
};

/** Key parts of one row, given as a row and the places of its key columns. */
export type CompareKeys = (
  left: readonly (string | null)[],
  leftPlaces: readonly number[],
  right: readonly (string | null)[],
  rightPlaces: readonly number[],
) => number;

/** Compares composite keys column by column. Key columns are never null. */
export function keyComparer(orders: readonly KeyOrder[]): CompareKeys {
  const columns = orders.map((order) => comparers[order]);
  return (left, leftPlaces, right, rightPlaces) => {
    for (let index = 0; index < columns.length; index += 1) {
      const a = left[leftPlaces[index] as number] as string;
      const b = right[rightPlaces[index] as number] as string;
      const order = (columns[index] as CompareText)(a, b);
      if (order !== 0) return order;
    }
    return 0;
  };
}
