import fc from 'fast-check';
import { compareUtf8, keyComparer } from '../../../src/validate/compare-keys';
import { encodeRow } from '../../../src/validate/encode-row';
import { mergeRows, StreamOrderError } from '../../../src/validate/merge-rows';
import type { ActualRow, ExpectedRow, ProofCounts } from '../../../src/validate/row';
import { badClasses } from '../../../src/validate/row';
import { Tally } from '../../../src/validate/tally';

const wellFormed = (text: string): boolean => Buffer.from(text).toString() === text;

type Row = [key: string, a: string | null, b: string | null];

const shape = { compare: keyComparer(['bytes']), keyPlaces: [0], columns: 3 };

function chunks<T>(rows: readonly T[], size: number): T[][] {
  const result: T[][] = [];
  for (let at = 0; at < rows.length; at += size) result.push(rows.slice(at, at + size));
  return result;
}

async function prove(
  expected: readonly Row[],
  actual: readonly Row[],
  size = 2,
): Promise<{ counts: ProofCounts; digests: [string, string]; classes: string[] }> {
  let left = '';
  let right = '';
  const tally = new Tally(shape.keyPlaces, {
    expected: (text) => (left += text),
    actual: (text) => (right += text),
  });
  const expectedRows: ExpectedRow[] = expected.map((values) => ({ sourceKey: values[0], values, unknown: null }));
  const actualRows: ActualRow[] = actual.map((values) => [values[0], ...values]);
  await mergeRows(shape, chunks(expectedRows, size), chunks(actualRows, size), tally);
  return { counts: tally.counts, digests: [left, right], classes: tally.suspects.map((suspect) => suspect.class) };
}

const value = fc.oneof(
  fc.constantFrom(null, '', ' ', '\\N', 'NULL', '\t', '\n', '0', '-', '1:a', '😀', 'é', '\uFFFD'),
  fc.string({ unit: 'grapheme', maxLength: 4 }),
);

const rows = fc
  .uniqueArray(
    fc.tuple(
      fc.string({ unit: 'binary', maxLength: 3 }).filter((text) => wellFormed(text)),
      value,
      value,
    ),
    {
      selector: ([key]) => key,
      maxLength: 12,
    },
  )
  .map((list) => [...list].sort((a, b) => Buffer.compare(Buffer.from(a[0]), Buffer.from(b[0]))));

describe('mergeRows', () => {
  it('finds nothing wrong with equal streams, whatever the chunks', async () => {
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 1, max: 5 }), async (list, size) => {
        const { counts, digests } = await prove(list, list, size);
        expect(counts.identical).toBe(list.length);
        expect(badClasses.filter((name) => counts[name] > 0)).toEqual([]);
        expect(digests[0]).toBe(digests[1]);
      }),
    );
  });

  it('sees every single changed value, NULL against the empty text included, and the digests differ', async () => {
    await fc.assert(
      fc.asyncProperty(
        rows.filter((list) => list.length > 0),
        fc.nat(),
        fc.constantFrom(1 as const, 2 as const),
        value,
        async (list, pick, column, changed) => {
          const at = pick % list.length;
          const planted = list.map((row) => [...row] as Row);
          fc.pre((planted[at] as Row)[column] !== changed);
          (planted[at] as Row)[column] = changed;
          const { counts, digests } = await prove(list, planted);
          expect(counts.mismatch).toBe(1);
          expect(counts.identical).toBe(list.length - 1);
          expect(digests[0]).not.toBe(digests[1]);
        },
      ),
    );
  });

  it('sees every single missing, extra and duplicated row, on either side', async () => {
    await fc.assert(
      fc.asyncProperty(
        rows.filter((list) => list.length > 0),
        fc.nat(),
        async (list, pick) => {
          const at = pick % list.length;
          const without = list.filter((_, index) => index !== at);
          const twice = [...list.slice(0, at + 1), ...list.slice(at)];
          expect((await prove(list, without)).counts).toMatchObject({ missing: 1, identical: list.length - 1 });
          expect((await prove(without, list)).counts).toMatchObject({ extraneous: 1, identical: list.length - 1 });
          expect((await prove(list, twice)).counts).toMatchObject({ duplicate: 1, identical: list.length });
          expect((await prove(twice, list)).counts).toMatchObject({ duplicate: 1, identical: list.length });
          expect((await prove(list, twice)).digests).not.toEqual((await prove(list, list)).digests);
        },
      ),
    );
  });

  it('calls a row unverifiable when a column cannot be computed, and different when another one differs', async () => {
    const tally = new Tally([0], { expected: () => undefined, actual: () => undefined });
    await mergeRows(
      shape,
      [
        [
          { sourceKey: 'a', values: ['a', null, 'x'], unknown: [1] },
          { sourceKey: 'b', values: ['b', null, 'x'], unknown: [1] },
        ],
      ],
      [
        [
          ['a', 'a', 'anything', 'x'],
          ['b', 'b', 'anything', 'y'],
        ],
      ],
      tally,
    );
    expect(tally.counts).toMatchObject({ unverifiable: 1, mismatch: 1, identical: 0 });
    expect(tally.suspects[1]?.columns).toEqual([2]);
  });

  it('refuses a target stream that is out of order', async () => {
    await expect(
      prove(
        [],
        [
          ['b', null, null],
          ['a', null, null],
        ],
      ),
    ).rejects.toBeInstanceOf(StreamOrderError);
  });

  it('reports an expected row out of order as missing instead of losing it', async () => {
    const { counts, classes } = await prove(
      [
        ['b', null, null],
        ['a', null, null],
      ],
      [['b', null, null]],
    );
    expect(counts).toMatchObject({ identical: 1, missing: 1 });
    expect(classes).toEqual(['missing']);
  });
});

describe('keyComparer', () => {
  it('orders text as its UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        fc.pre(wellFormed(a) && wellFormed(b));
        expect(Math.sign(compareUtf8(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
      }),
    );
    expect(compareUtf8('\uFFFD', '😀')).toBeLessThan(0);
  });

  it('orders integers as numbers, beyond the range of a double and below zero', () => {
    const compare = keyComparer(['integer']);
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
        fc.bigInt({ min: -100n, max: 100n }),
        (a, offset) => {
          const b = a + offset;
          expect(Math.sign(compare([String(a)], [0], [String(b)], [0]))).toBe(a < b ? -1 : a > b ? 1 : 0);
        },
      ),
    );
  });

  it('compares composite keys column by column, at their places', () => {
    const compare = keyComparer(['integer', 'bytes']);
    expect(compare(['x', '9'], [1, 0], ['10', 'a'], [0, 1])).toBeLessThan(0);
    expect(compare(['x', '9'], [1, 0], ['9', 'x'], [0, 1])).toBe(0);
  });
});

describe('encodeRow', () => {
  it('gives two different rows two different texts', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 4 }), fc.array(value, { maxLength: 4 }), (a, b) => {
        expect(encodeRow(a) === encodeRow(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
    expect(encodeRow([null])).not.toBe(encodeRow(['']));
  });
});
