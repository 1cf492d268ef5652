import { CopyBinaryDecoder, fieldTexts } from '../../../src/postgres/wire/copy-binary';
import { byteKeyParts, compareByteKeys } from '../../../src/validate/compare-byte-keys';

function field(bytes: Buffer | null): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes === null ? -1 : bytes.length);
  return bytes === null ? length : Buffer.concat([length, bytes]);
}

const int8 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return field(bytes);
};

test('integers are ordered by their value, at the edges too', () => {
  const values = [-(2n ** 63n), -(2n ** 32n), -1n, 0n, 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n - 1n];
  for (const [a, left] of values.entries()) {
    expect(byteKeyParts(['integer'], int8(left), 0)).toEqual([String(left)]);
    for (const [b, right] of values.entries())
      expect(Math.sign(compareByteKeys(['integer'], int8(left), 0, int8(right), 0))).toBe(Math.sign(a - b));
  }
});

test('the later part of a key decides where the earlier ones are equal', () => {
  const key = (one: bigint, two: string): Buffer => Buffer.concat([int8(one), field(Buffer.from(two))]);
  const compare = (a: Buffer, b: Buffer): number => Math.sign(compareByteKeys(['integer', 'bytes'], a, 0, b, 0));
  expect([
    compare(key(1n, 'a'), key(1n, 'ab')),
    compare(key(1n, 'é'), key(1n, 'z')),
    compare(key(2n, ''), key(1n, 'z')),
  ]).toEqual([-1, 1, 1]);
});

const header = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
const count = Buffer.from([0, 2]);
const stream = Buffer.concat([
  header,
  ...[count, int8(1n), field(Buffer.from('é'.repeat(40)))],
  ...[count, int8(2n), field(null)],
  ...[count, int8(3n), field(Buffer.alloc(0))],
  Buffer.from([0xff, 0xff]),
]);

test.each([1, 2, 3, 7, 64, 1000])('rows are found whole in chunks of %d bytes', (size) => {
  const decoder = new CopyBinaryDecoder(1);
  const rows: [string[], (string | null)[]][] = [];
  for (let at = 0; at < stream.length; at += size) {
    const { bytes, starts, middles, ends } = decoder.push(stream.subarray(at, at + size));
    for (const [row, start] of starts.entries())
      rows.push([
        byteKeyParts(['integer'], bytes, start),
        fieldTexts(bytes, middles[row] as number, ends[row] as number),
      ]);
  }
  decoder.end();
  expect(rows).toEqual([
    [['1'], ['é'.repeat(40)]],
    [['2'], [null]],
    [['3'], ['']],
  ]);
});

test('a stream that ends inside a row, or before its end is marked, raises', () => {
  for (const length of [stream.length - 2, stream.length - 5, 10]) {
    const decoder = new CopyBinaryDecoder(1);
    decoder.push(stream.subarray(0, length));
    expect(() => decoder.end()).toThrow('inside a row');
  }
});
