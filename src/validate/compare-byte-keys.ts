import type { KeyOrder } from '../contract/compiled';

/** Compares the keys that stand as the first fields of binary rows, from these offsets on: in the order of the proof streams. */
export function compareByteKeys(
  orders: readonly KeyOrder[],
  left: Buffer,
  leftAt: number,
  right: Buffer,
  rightAt: number,
): number {
  let a = leftAt;
  let b = rightAt;
  for (const order of orders) {
    const [leftLength, rightLength] = [left.readInt32BE(a), right.readInt32BE(b)];
    a += 4;
    b += 4;
    const found =
      order === 'integer'
        ? compareIntegers(left, a, right, b, leftLength)
        : left.compare(right, b, b + rightLength, a, a + leftLength);
    if (found !== 0) return found;
    a += leftLength;
    b += rightLength;
  }
  return 0;
}

/** Both are of one type. */
function compareIntegers(left: Buffer, a: number, right: Buffer, b: number, length: number): number {
  if (length === 2) return left.readInt16BE(a) - right.readInt16BE(b);
  const high = left.readInt32BE(a) - right.readInt32BE(b);
  if (length === 4 || high !== 0) return high;
  return left.readUInt32BE(a + 4) - right.readUInt32BE(b + 4);
}

/** The parts of such a key as canonical text. */
export function byteKeyParts(orders: readonly KeyOrder[], bytes: Buffer, from: number): string[] {
  let at = from;
  return orders.map((order) => {
    const length = bytes.readInt32BE(at);
    at += 4 + length;
    const start = at - length;
    if (order === 'bytes') return bytes.toString('utf8', start, at);
    if (order === 'uuid')
      return bytes.toString('hex', start, at).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    if (length === 8) return bytes.readBigInt64BE(start).toString();
    return String(bytes.readIntBE(start, length));
  });
}
