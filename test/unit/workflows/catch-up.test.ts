import { catchUp } from '../../../workflows/phases/catch-up';

/** Slices that leave so much behind, [keys, bytes of WAL], one after another; null: caught up. How many were asked for. */
async function slicesOf(left: Iterable<[number, number] | null>): Promise<number> {
  const slices = left[Symbol.iterator]();
  let asked = 0;
  await catchUp(() => {
    asked += 1;
    const now = slices.next().value as [number, number] | null;
    const [changes, walBytes] = now ?? [0, 0];
    return Promise.resolve({ caughtUp: now === null, lag: { changes, seconds: 0, walBytes } });
  });
  return asked;
}

function* shrinking(): Generator<[number, number]> {
  for (let changes = 1_000_000; ; changes -= 1) yield [changes, 0];
}

describe('catching up before a cutover', () => {
  test.each([
    ['ends once nothing is left', [null], 1],
    ['goes on while fewer keys are left', [[900, 0], [500, 0], [100, 0], null, null], 4],
    ['goes on while WAL becomes keys', [[10, 900], [400, 500], [700, 90], [500, 90], null], 5],
    [
      'ends when a slice brought nothing',
      [
        [900, 0],
        [900, 0],
        [500, 0],
      ],
      2,
    ],
    [
      'ends when what is left goes up and down',
      [
        [900, 5],
        [500, 9],
        [700, 7],
        [600, 6],
        [1, 1],
      ],
      3,
    ],
  ] as [string, ([number, number] | null)[], number][])('%s', async (_, left, slices) => {
    expect(await slicesOf(left)).toBe(slices);
  });

  test('ends after a quarter of an hour of slices, whatever is left', async () => {
    expect(await slicesOf(shrinking())).toBe(45);
  });
});
