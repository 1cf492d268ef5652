import fc from 'fast-check';
import { CopyTextDecoder, decodeCopyRow, encodeCopyRows } from '../../../src/postgres/copy-text';

const value = fc.option(
  fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\\N', '\\', '\t', '\n', '\r\n', '\\.', '', '😀é')),
);
const rows = fc.array(fc.array(value, { minLength: 1, maxLength: 4 }), { maxLength: 20 });

test('what is encoded decodes to the same, wherever the chunks are cut', () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 7 }), (written, size) => {
      const bytes = Buffer.concat([...encodeCopyRows(written)]);
      const decoder = new CopyTextDecoder();
      const read: (string | null)[][] = [];
      for (let at = 0; at < bytes.length; at += size) read.push(...decoder.push(bytes.subarray(at, at + size)));
      decoder.end();
      expect(read).toEqual(written);
    }),
  );
});

test('the escapes that servers write are undone', () => {
  expect(decodeCopyRow('\\N\t\\\\N\t\\b\\f\\n\\r\\t\\v\t\t\\\\\\\\n')).toEqual([
    null,
    '\\N',
    '\b\f\n\r\t\v',
    '',
    '\\\\n',
  ]);
});

test('a stream that ends inside a row is an error', () => {
  const decoder = new CopyTextDecoder();
  expect(decoder.push(Buffer.from('1\t2\n3'))).toEqual([['1', '2']]);
  expect(() => decoder.end()).toThrow('inside a row');
});

test('a large value full of escapes is decoded and encoded, and not by one huge replacement', () => {
  const large = '\\é\n\t\r😀'.repeat(100_000);
  const bytes = Buffer.concat([...encodeCopyRows([[large, null, 'x']])]);
  expect(new CopyTextDecoder().push(bytes)).toEqual([[large, null, 'x']]);
});
