import fc from 'fast-check';
import { chooseBatchRows } from '../../../src/copy/batch-size';
import { rangesFromBoundaries } from '../../../src/copy/batch-ranges';
import { isolateBadItems, slices } from '../../../src/copy/isolate-bad-items';
import { allowedBadRows } from '../../../src/copy/row-limit';

const bytes = 32 * 1024 * 1024;

test('A batch carries about the wanted bytes, within a thousand and two hundred thousand rows', () => {
  expect(chooseBatchRows({ estimatedRows: 1_000_000, estimatedBytes: 335_544_000, rows: null, bytes })).toBe(100_000);
  expect(chooseBatchRows({ estimatedRows: 1_000_000, estimatedBytes: 8_000_000, rows: null, bytes })).toBe(200_000);
  expect(chooseBatchRows({ estimatedRows: 10, estimatedBytes: 500_000_000, rows: null, bytes })).toBe(1_000);
});

test('A table without statistics still gets a batch size', () => {
  expect(chooseBatchRows({ estimatedRows: 0, estimatedBytes: 8192, rows: null, bytes })).toBe(167_772);
  expect(chooseBatchRows({ estimatedRows: -1, estimatedBytes: 0, rows: null, bytes })).toBe(167_772);
});

test('Rows per batch of the plan win over every estimate', () => {
  expect(chooseBatchRows({ estimatedRows: 1_000_000, estimatedBytes: 1, rows: 7, bytes })).toBe(7);
});

test('Ranges meet without a gap and are open at both ends', () => {
  expect(rangesFromBoundaries([])).toEqual([{ lower: null, upper: null }]);
  expect(
    rangesFromBoundaries([
      ['1', 'a'],
      ['2', 'b'],
    ]),
  ).toEqual([
    { lower: null, upper: ['1', 'a'] },
    { lower: ['1', 'a'], upper: ['2', 'b'] },
    { lower: ['2', 'b'], upper: null },
  ]);
});

test('Halving finds exactly the bad items, lets every good one through once, and in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 60 }), async (good) => {
      const passed: number[] = [];
      const bad: number[] = [];
      await isolateBadItems(
        { from: 0, to: good.length },
        ({ from, to }) => {
          if (good.slice(from, to).includes(false)) return Promise.resolve('bad');
          for (let at = from; at < to; at += 1) passed.push(at);
          return Promise.resolve(null);
        },
        (position) => {
          bad.push(position);
          return Promise.resolve();
        },
      );
      expect(passed).toEqual(good.flatMap((one, at) => (one ? [at] : [])));
      expect(bad).toEqual(good.flatMap((one, at) => (one ? [] : [at])));
    }),
  );
});

test('Of two items that exclude each other the lower one passes', async () => {
  const taken = new Set<string>();
  const items = ['a', 'b', 'a', 'c', 'b'];
  const bad: number[] = [];
  await isolateBadItems(
    { from: 0, to: items.length },
    ({ from, to }) => {
      const part = items.slice(from, to);
      if (new Set(part).size < part.length || part.some((one) => taken.has(one))) return Promise.resolve('taken');
      for (const one of part) taken.add(one);
      return Promise.resolve(null);
    },
    (position) => Promise.resolve(void bad.push(position)),
  );
  expect(bad).toEqual([2, 4]);
});

test('Slices cover every position once', () => {
  expect(slices(0, 3)).toEqual([]);
  expect(slices(7, 3)).toEqual([
    { from: 0, to: 3 },
    { from: 3, to: 6 },
    { from: 6, to: 7 },
  ]);
});

test('The tighter of two limits of bad rows counts, and a percentage allows no more than it says', () => {
  expect(allowedBadRows({ rows: null, percent: null }, 100)).toBeNull();
  expect(allowedBadRows({ rows: 3, percent: null }, 100)).toBe(3);
  expect(allowedBadRows({ rows: 3, percent: 1 }, 100)).toBe(1);
  expect(allowedBadRows({ rows: null, percent: 0.5 }, 199)).toBe(0);
  expect(allowedBadRows({ rows: null, percent: 0.5 }, 200)).toBe(1);
  expect(allowedBadRows({ rows: null, percent: 0.1 }, 3000)).toBe(3);
});
