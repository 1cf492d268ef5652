import { setImmediate as turn } from 'node:timers/promises';
import type { Piece, PieceToRead } from '../../../src/engine/follow/read-round';
import { ReadAhead } from '../../../src/engine/follow/read-ahead';
import type { Session } from '../../../src/postgres/session';

const source = {} as Session;

/** A table of so many full pieces of one row each, noting what was read of it. */
function table(name: string, pieces: number, read: string[], failsAt = -1) {
  const one = (at: number): PieceToRead => ({
    share: 1,
    read: async (): Promise<Piece> => {
      await turn();
      if (at === failsAt) throw new Error(`${name}${at} fails`);
      read.push(`${name}${at}`);
      return { rows: [[`${name}${at}`]], rejected: [] };
    },
  });
  return { source, pieces: () => Promise.resolve(Array.from({ length: pieces }, (_, at) => one(at))) };
}

async function all(ahead: ReadAhead, at: number): Promise<(string | null)[]> {
  const found: (string | null)[] = [];
  for await (const rows of ahead.pieces[at]?.rows() ?? []) for (const [cell] of rows) found.push(cell ?? null);
  return found;
}

async function settled(): Promise<void> {
  for (let turns = 0; turns < 50; turns += 1) await turn();
}

test('what was read ahead arrives table by table in its order', async () => {
  const ahead = new ReadAhead([table('a', 7, []), table('b', 0, []), table('c', 6, [])]);
  expect(await all(ahead, 0)).toEqual(['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6']);
  expect(await all(ahead, 1)).toEqual([]);
  expect(await all(ahead, 2)).toEqual(['c0', 'c1', 'c2', 'c3', 'c4', 'c5']);
  await ahead.end();
});

test('reading goes on into the next table, and waits when four full pieces were not taken', async () => {
  const read: string[] = [];
  const ahead = new ReadAhead([table('a', 2, read), table('b', 9, read)]);
  await settled();
  expect(read).toEqual(['a0', 'a1', 'b0', 'b1']);
  expect(await all(ahead, 0)).toEqual(['a0', 'a1']);
  await settled();
  expect(read).toEqual(['a0', 'a1', 'b0', 'b1', 'b2', 'b3']);
  await ahead.end();
});

test('a piece that cannot be read fails its table and those behind it, and not what was read before', async () => {
  const ahead = new ReadAhead([table('a', 1, []), table('b', 2, [], 1), table('c', 1, [])]);
  expect(await all(ahead, 0)).toEqual(['a0']);
  await expect(all(ahead, 1)).rejects.toThrow('b1 fails');
  await expect(all(ahead, 2)).rejects.toThrow('b1 fails');
  await ahead.end();
});

test('nothing is read any more once it is ended', async () => {
  const read: string[] = [];
  const ahead = new ReadAhead([table('a', 9, read)]);
  await settled();
  await ahead.end();
  await settled();
  expect(read).toEqual(['a0', 'a1', 'a2', 'a3']);
});
