import { FirstFields } from '../../../src/postgres/first-fields';

test('Lines are counted by their first field, wherever the stream is cut', () => {
  const lines = ['7{0}\t1\t["a\\\\tb"]\t\\N', '7{0,3}\t1\t["ä"]\t{}', '7{0}\t1\t["c"]\t\\N'];
  const stream = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  for (let size = 1; size <= stream.length; size += 1) {
    const fields = new FirstFields();
    for (let at = 0; at < stream.length; at += size) fields.push(stream.subarray(at, at + size));
    expect([...fields.counts]).toEqual([
      ['7{0}', 2],
      ['7{0,3}', 1],
    ]);
  }
});
