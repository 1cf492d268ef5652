import { createHash } from 'node:crypto';
import { copyIn, copyOut, relayCopy } from '../../../src/postgres/copy-stream';
import type { Session } from '../../../src/postgres/session';
import { describeDatabaseError } from '../../../src/postgres/sqlstate';
import { terminateBackend } from '../../../src/postgres/terminate';
import type { TestDatabase } from '../../support/postgres/postgres';
import { createDatabase } from '../../support/postgres/postgres';
import { sessionOn } from '../../support/postgres/session';

let database: TestDatabase;
let source: Session;
let target: Session;

beforeAll(async () => {
  database = await createDatabase({ prefix: 'copystream' });
});
afterAll(() => database.drop());
beforeEach(async () => {
  [source, target] = [await sessionOn(database.url), await sessionOn(database.url)];
});
afterEach(async () => {
  await source.close();
  await target.close();
});

async function collect(rows: AsyncIterable<(string | null)[][]>): Promise<(string | null)[][]> {
  const all: (string | null)[][] = [];
  for await (const chunk of rows) all.push(...chunk);
  return all;
}

const hostile = [
  ['plain', 'x'],
  [null, ''],
  ['\\N', '\\'],
  ['tab\there', 'line\nbreak'],
  ['cr\rlf\r\n', '\\.'],
  ['\b\f\v', '\\b\\t'],
  ['ünï😀', '\u{10FFFF}'],
  ['a'.repeat(200_000), '\\'.repeat(70_001)],
  [' ', '"quoted", \'so\''],
];

describe('relayCopy', () => {
  test.each(['binary', 'text'] as const)(
    'moves every row in %s format and says how many, how large and which bytes',
    async (format) => {
      await database.query(`create table public.relay_${format} (id int, v text)`);
      const before = await target.query('select 1 as one');
      expect(before.rowCount).toBe(1);
      const seen: number[] = [];
      const select = `select g as id, repeat(chr(9000 + g % 50), g % 300) as v from generate_series(1, 20000) g`;
      const result = await relayCopy({
        source,
        select,
        target,
        into: `public.relay_${format} (id, v)`,
        format,
        onBytes: (n) => seen.push(n),
      });
      expect(result).toMatchObject({ sourceRows: 20000, targetRows: 20000 });
      expect(seen.reduce((sum, n) => sum + n, 0)).toBe(result.bytes);
      const difference = `(${select} except all select id, v from public.relay_${format})`;
      expect((await source.query(`select count(*) as n from ${difference} d`)).rows).toEqual([{ n: '0' }]);
      expect((await target.query(`select count(*) as n from public.relay_${format}`)).rows).toEqual([{ n: '20000' }]);
    },
  );

  test('hashes the bytes that the source sent', async () => {
    await database.query('create table public.hashed (a int, b text)');
    const { sha256, bytes } = await relayCopy({
      source,
      select: `values (1, 'x'), (2, null)`,
      target,
      into: 'public.hashed',
      format: 'text',
    });
    const expected = '1\tx\n2\t\\N\n';
    expect({ sha256, bytes }).toEqual({
      sha256: createHash('sha256').update(expected).digest('hex'),
      bytes: expected.length,
    });
  });

  test('moves nothing at all when there is nothing', async () => {
    await database.query('create table public.nothing (a int)');
    const result = await relayCopy({
      source,
      select: 'select 1 where false',
      target,
      into: 'public.nothing',
      format: 'binary',
    });
    expect(result).toMatchObject({ sourceRows: 0, targetRows: 0 });
  });

  test('counts rows that a trigger of the target swallowed', async () => {
    await database.query(`create table public.swallow (a int);
      create function public.swallow() returns trigger language plpgsql as $$ begin if new.a % 2 = 0 then return null; end if; return new; end $$;
      create trigger swallow before insert on public.swallow for each row execute function public.swallow()`);
    const result = await relayCopy({
      source,
      select: 'select generate_series(1, 10)',
      target,
      into: 'public.swallow',
      format: 'binary',
    });
    expect(result).toMatchObject({ sourceRows: 10, targetRows: 5 });
  });

  test.each([1, 15, 17, 30, 50, 70, 100, 130, 200, 1000])(
    'loses nothing of %i kB when the source is done before the target begins',
    async (kilobytes) => {
      await database.query('drop table if exists public.late; create table public.late (v text)');
      const blocker = await sessionOn(database.url);
      await blocker.query('begin; lock table public.late');
      const relay = relayCopy({
        source,
        select: `select repeat('x', 99) from generate_series(1, ${kilobytes * 10})`,
        target,
        into: 'public.late',
        format: 'text',
      });
      const waiting = `select from pg_stat_activity where pid = ${target.pid} and wait_event_type = 'Lock'`;
      while ((await blocker.query(waiting)).rowCount === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await blocker.query('rollback');
      expect(await relay).toMatchObject({
        sourceRows: kilobytes * 10,
        targetRows: kilobytes * 10,
        bytes: kilobytes * 1000,
      });
      await blocker.close();
    },
  );

  test('moves one row of 50 MB', async () => {
    await database.query('create table public.large (v text)');
    const select = `select repeat('0123456789', 5000000)`;
    const result = await relayCopy({ source, select, target, into: 'public.large', format: 'binary' });
    expect(result).toMatchObject({ sourceRows: 1, targetRows: 1 });
    expect((await target.query('select length(v) as n from public.large')).rows).toEqual([{ n: '50000000' }]);
  });

  test('raises a data error of the target as the server gave it and leaves no session behind', async () => {
    await database.query('create table public.strict (a int constraint small check (a < 5000))');
    const relay = relayCopy({
      source,
      select: `select generate_series(1, 1000000)`,
      target,
      into: 'public.strict',
      format: 'binary',
    });
    const error: unknown = await relay.catch((reason: unknown) => reason);
    expect(describeDatabaseError(error)).toEqual({
      sqlstate: '23514',
      constraint: 'small',
      column: null,
      table: 'strict',
      isDataError: true,
      isConnectionLoss: false,
      isRetryable: false,
    });
    expect([source.closed, target.closed]).toEqual([true, true]);
    expect(await database.query('select * from public.strict')).toEqual([]);
  });

  test('raises an error of the source that comes after many rows', async () => {
    await database.query('create table public.partial (a int)');
    const relay = relayCopy({
      source,
      select: 'select 1 / (50000 - g) from generate_series(1, 100000) g',
      target,
      into: 'public.partial',
      format: 'binary',
    });
    expect(describeDatabaseError(await relay.catch((reason: unknown) => reason)).sqlstate).toBe('22012');
    expect(await database.query('select * from public.partial')).toEqual([]);
  });

  test('ends at once when it is aborted while the target waits for a lock', async () => {
    await database.query('create table public.locked (a int)');
    const blocker = await sessionOn(database.url);
    await blocker.query('begin; lock table public.locked');
    const abort = new AbortController();
    const relay = relayCopy({
      source,
      select: 'select generate_series(1, 1000000)',
      target,
      into: 'public.locked',
      format: 'binary',
      signal: abort.signal,
    });
    const waiting = `select from pg_stat_activity where pid = ${target.pid} and wait_event_type = 'Lock'`;
    while ((await blocker.query(waiting)).rowCount === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    abort.abort(new Error('stop it'));
    await expect(relay).rejects.toThrow('stop it');
    expect([source.closed, target.closed]).toEqual([true, true]);
    await blocker.close();
  });

  test.each(['source', 'target'] as const)('ends when the backend of the %s is terminated', async (side) => {
    await database.query(`create table public.ended_${side} (v text)`);
    const other = await sessionOn(database.url);
    const victim = side === 'source' ? source : target;
    let terminated: Promise<boolean> | undefined;
    const relay = relayCopy({
      source,
      select: `select repeat('x', 1000) from generate_series(1, 3000000)`,
      target,
      into: `public.ended_${side}`,
      format: 'text',
      onBytes: () => {
        terminated ??= terminateBackend(other, victim.pid, victim.backendStart);
      },
    });
    expect(describeDatabaseError(await relay.catch((reason: unknown) => reason))).toMatchObject({
      isConnectionLoss: true,
      isDataError: false,
    });
    expect(await terminated).toBe(true);
    await other.close();
  });
});

describe('copyOut and copyIn', () => {
  test('take hostile values there and back unchanged', async () => {
    await database.query('create table public.hostile (n int, a text, b text)');
    const rows = hostile.map(([a, b], index) => [String(index), a ?? null, b ?? null]);
    expect(await copyIn(target, 'public.hostile (n, a, b)', [rows])).toBe(hostile.length);
    expect(await collect(copyOut(source, 'select * from public.hostile order by n'))).toEqual(rows);
    const asked = await source.query<{ n: string; a: string; b: string }>(
      'select n, a, b from public.hostile order by n',
    );
    expect(asked.rows.map(({ n, a, b }) => [n, a, b])).toEqual(rows);
  });

  test('give rows in chunks and leave the session usable', async () => {
    const sizes: number[] = [];
    for await (const chunk of copyOut(source, `select g, 'é' || g from generate_series(1, 30000) g`))
      sizes.push(chunk.length);
    expect(sizes.reduce((sum, n) => sum + n, 0)).toBe(30000);
    expect(sizes.slice(0, -1).every((n) => n >= 1000)).toBe(true);
    expect((await source.query('select 1 as one')).rows).toEqual([{ one: '1' }]);
  });

  test('wait for whoever reads, and end the session of a reader who leaves', async () => {
    for await (const chunk of copyOut(source, `select repeat('x', 100) from generate_series(1, 2000000)`)) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(source.closed).toBe(true);
  });

  test('raise an error of the source after the rows before it', async () => {
    const error: unknown = await collect(
      copyOut(source, 'select 1 / (5000 - g) from generate_series(1, 9000) g'),
    ).catch((reason: unknown) => reason);
    expect(describeDatabaseError(error).sqlstate).toBe('22012');
  });

  test('raise an error of a statement that cannot start', async () => {
    await expect(collect(copyOut(source, 'select nothing_here'))).rejects.toMatchObject({ code: '42703' });
    await expect(copyIn(target, 'public.not_there', [[['1']]])).rejects.toMatchObject({ code: '42P01' });
  });

  test('raise a data error while rows still come, and end their source', async () => {
    await database.query('create table public.narrow (a int)');
    let ended = false;
    async function* endless(): AsyncGenerator<string[][]> {
      try {
        for (let n = 0; ; n++) yield [[n === 2000 ? 'not a number' : String(n)]];
      } finally {
        ended = true;
        await Promise.resolve();
      }
    }
    const error: unknown = await copyIn(target, 'public.narrow', endless()).catch((reason: unknown) => reason);
    expect(describeDatabaseError(error)).toMatchObject({ sqlstate: '22P02', isDataError: true });
    expect(ended).toBe(true);
  });

  test('raise the error of a source of rows and write nothing', async () => {
    await database.query('create table public.unfed (a int)');
    function* broken(): Generator<string[][]> {
      yield [['1']];
      throw new Error('no more rows');
    }
    await expect(copyIn(target, 'public.unfed', broken())).rejects.toThrow('no more rows');
    expect(await database.query('select * from public.unfed')).toEqual([]);
  });

  test('stop reading when aborted', async () => {
    const abort = new AbortController();
    const reading = (async () => {
      for await (const chunk of copyOut(source, 'select generate_series(1, 3000000)', abort.signal))
        if (chunk.length > 0) abort.abort(new Error('enough'));
    })();
    await expect(reading).rejects.toThrow('enough');
    expect(source.closed).toBe(true);
  });
});
