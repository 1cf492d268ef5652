import { Client } from 'pg';
import { serverUrl } from '../../support/postgres/postgres';
import { openCopyRun, type CopyRun } from './copy-run';

let run: CopyRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const cases: readonly { title: string; table: string; rows: string; columns: readonly string[] }[] = [
  {
    title: 'negative integers',
    table: 'k (a int primary key, v text)',
    rows: `select g, g::text from generate_series(-700, 700) g`,
    columns: ['a'],
  },
  {
    title: 'bigints at both ends of their range',
    table: 'k (a bigint primary key, v text)',
    rows: `select x, 'v' from unnest(array[-9223372036854775808, -1, 0, 1, 9007199254740993, 9223372036854775807]) x`,
    columns: ['a'],
  },
  {
    title: 'uuids',
    table: 'k (a uuid primary key, v text)',
    rows: `select md5(g::text)::uuid, 'v' from generate_series(1, 900) g`,
    columns: ['a'],
  },
  {
    title: 'texts with quotes, spaces, accents, emoji and mixed case',
    table: 'k (a text primary key, v text)',
    rows: `select x || g, 'v' from unnest(array['a', 'B', 'é', 'É', '''', '"', ' ', '\\', '😀', 'ﬃ', '-', '_', '~', '']) x, generate_series(1, 40) g
      union all select '', 'empty'`,
    columns: ['a'],
  },
  {
    title: 'texts of a language collation beside "C"',
    table: 'k (a text collate "C", b text collate LANGUAGE, v text, primary key (b, a))',
    rows: `select x || g, y || (g % 3), 'v' from unnest(array['a', 'B', 'é', '_', ' ']) x, unnest(array['a', 'B', 'z', '_', 'É']) y, generate_series(1, 20) g`,
    columns: ['a', 'b'],
  },
  {
    title: 'composites of text, date and number',
    table: 'k (a text, b date, c numeric, v text, primary key (a, b, c))',
    rows: `select 't' || g % 3, date '2020-01-01' + (g % 11), (g - 500) / 4.0, 'v' from generate_series(1, 1000) g`,
    columns: ['a', 'b', 'c'],
  },
  {
    title: 'timestamps with microseconds, infinity and BC',
    table: 'k (a timestamptz primary key, v text)',
    rows: `select timestamptz '2020-01-01 00:00:00.000001+00' + g * interval '1 microsecond', 'v' from generate_series(1, 500) g
      union all values ('infinity'::timestamptz, 'v'), ('-infinity', 'v'), ('0044-03-15 12:00:00+00 BC', 'v')`,
    columns: ['a'],
  },
  {
    title: 'padded characters and bytes',
    table: 'k (a char(8), b bytea, v text, primary key (a, b))',
    rows: `select 'x' || g % 10, decode(lpad(to_hex(g), 6, '0'), 'hex'), 'v' from generate_series(1, 500) g`,
    columns: ['a', 'b'],
  },
];

/** A language's collation where the server has one: its order is not the order of bytes. */
async function languageCollation(): Promise<string> {
  const client = new Client({ connectionString: serverUrl() });
  await client.connect();
  const { rows } = await client.query(
    `select collname from pg_collation where collname in ('en-x-icu', 'en_US.utf8') and collencoding in (-1, 6) order by 1 limit 1`,
  );
  await client.end();
  return (rows as { collname: string }[])[0]?.collname ?? 'default';
}

test.each(cases)(
  'No row is lost or doubled at the borders of batches with keys of $title',
  async ({ table, rows, columns }) => {
    const all = [...columns, 'v'];
    const here = table.replace('LANGUAGE', `"${await languageCollation()}"`);
    run = await openCopyRun({
      source: `create table ${here}; insert into k ${rows}`,
      target: `create table ${here}`,
      mappings: [{ name: 'k', columns: all.map((target) => ({ target })) }],
      settings: { batch: { rows: 37, bytes: 1, inFlight: 1 } },
    });
    await run.copyAll();
    const digest = `select count(*)::int n, md5(string_agg(k::text, '|' order by k::text collate "C")) d from k`;
    expect(await run.target.query(digest)).toEqual(await run.source.query(digest));
    const [ranges] = await run.target.query<{ batches: number; parts: number }>(
      `select count(*)::int batches, sum(source_rows)::int parts from rowproof.batch`,
    );
    const [total] = await run.source.query<{ n: number }>('select count(*)::int n from k');
    expect(ranges?.parts).toBe(total?.n);
    expect(ranges?.batches).toBe(Math.floor((total?.n ?? 0) / 37) + 1);
  },
);
