import { PassThrough } from 'node:stream';
import { exportQuarantine } from '../../../src/engine/copy/export-quarantine';
import { untranslatableSql } from '../../../src/transform/untranslatable';
import { createDatabase } from '../../support/postgres/postgres';
import { openDiscovery } from '../discovery/discovery-run';
import { runWhole, type WholeRun } from './whole-run';

let run: WholeRun | undefined;

afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const plan = `tables:
  public.t:
    from: public.t
    columns:
      id: id
      c: c
      short: short
      low: { from: c, steps: [lower] }
      n: n
`;
const target = 'create table t (id int primary key, c text, short varchar(4), low text, n int)';

test('Bytes that are no UTF-8 cost only their rows, and characters are counted as the target counts them', async () => {
  run = await runWhole({
    sourceEncoding: 'SQL_ASCII',
    source: `create table t (id int primary key, c text, short text, n text);
      insert into t values (1, 'ok', 'ok', '1'), (2, E'caf\\xe9', 'x', '2'), (3, E'caf\\xc3\\xa9', E'caf\\xc3\\xa9', '3'),
        (4, null, E'caf\\xc3\\xa9s', '4'), (5, 'x', E'\\xed\\xa0\\x80', E'\\xff'), (6, E'\\xf0\\x9f\\x98\\x80', null, 'x')`,
    target,
    plan,
  });
  const expected = {
    't.c.encoding': 1,
    't.low.encoding': 1,
    't.short.encoding': 1,
    't.short.too_long': 1,
    't.n.encoding': 1,
    't.n.cast_integer': 1,
  };
  expect(run.found).toEqual(expected);
  expect(run.filed).toEqual({ 't.c.encoding': 1, 't.short.encoding': 1, 't.short.too_long': 1, 't.n.cast_integer': 1 });
  expect(await run.target.query('select id, c, short from t order by id')).toEqual([
    { id: 1, c: 'ok', short: 'ok' },
    { id: 3, c: 'café', short: 'café' },
  ]);
  expect(await run.prove()).toMatchObject({ green: true, problems: [] });
  const lines = new PassThrough();
  expect(
    await exportQuarantine(run.databases, run.ref, { table: null, by: 'ana', allColumns: false }, (line) =>
      lines.write(line),
    ),
  ).toBe(4);
  expect(String(lines.read())).toContain('caf\\\\351');
});

test('A byte that stands for no character in WIN1252 costs only its row', async () => {
  run = await runWhole({
    sourceEncoding: 'WIN1252',
    source: `set client_encoding to win1252; create table t (id int primary key, c text, short text, n text);
      insert into t values (1, E'\\x80', 'ok', '1'), (2, E'a\\x81', 'x', '2')`,
    target,
    plan,
  });
  expect(run.found).toEqual({ 't.c.encoding': 1, 't.low.encoding': 1 });
  expect(run.filed).toEqual({ 't.c.encoding': 1 });
  expect(await run.target.query('select id, c from t')).toEqual([{ id: 1, c: '€' }]);
  expect(await run.prove()).toMatchObject({ green: true, problems: [] });
});

test.each(['UTF8', 'WIN1252'])(
  'A character of a %s source that a LATIN1 target does not have costs only its row',
  async (sourceEncoding) => {
    run = await runWhole({
      sourceEncoding,
      targetEncoding: 'LATIN1',
      source: `set client_encoding to utf8; create table t (id int primary key, c text, short text, n text);
      insert into t values (1, 'é', 'ok', '1'), (2, '€', 'x', '2'), (3, 'a', '„', '3')`,
      target,
      plan: plan.replace(/.*lower.*\n/, ''),
    });
    expect(run.found).toEqual({ 't.c.encoding': 1, 't.short.encoding': 1 });
    expect(run.filed).toEqual({ 't.c.encoding': 1, 't.short.encoding': 1 });
    expect(await run.target.query('select id, c from t')).toEqual([{ id: 1, c: 'é' }]);
    expect(await run.prove()).toMatchObject({ green: true, problems: [] });
  },
);

test('Keys with bytes that are no characters are refused before anything is written', async () => {
  const discovery = await openDiscovery({
    sourceEncoding: 'SQL_ASCII',
    source: `create table t (id text primary key); insert into t values ('a'), (E'\\xe9')`,
    target: 'create table t (id text primary key)',
    plan: 'tables:\n  public.t: { from: public.t, columns: "*" }\n',
  });
  try {
    await expect(discovery.discover()).rejects.toThrow(
      'The source key of t has bytes that are not valid characters in 1 row. (RP2060)',
    );
  } finally {
    await discovery.drop();
  }
});

test('What JSON text means is decided where it is stored', async () => {
  run = await runWhole({
    sourceEncoding: 'LATIN1',
    source: `create table t (id int primary key, c text);
      insert into t values (1, '"\\u20ac"'), (2, '"\\u0000"'), (3, '{"a":1,"a":2}'), (4, 'not json'), (5, '"\\ud800"')`,
    target: 'create table t (id int primary key, c jsonb)',
    plan: 'tables:\n  public.t: { from: public.t, columns: "*" }\n',
  });
  expect(run.filed).toEqual({ 't.c.cast_json': 2, 't.c.encoding': 1 });
  expect(run.found).toEqual(run.filed);
  expect(run.dropped).toEqual({ 't.c.duplicate_keys': 1 });
  expect(await run.target.query('select id, c::text from t order by id')).toEqual([
    { id: 1, c: '"€"' },
    { id: 3, c: '{"a": 2}' },
  ]);
  expect(await run.prove()).toMatchObject({ green: true, problems: [] });
});

test.each([
  'ISO_8859_6',
  'ISO_8859_7',
  'ISO_8859_8',
  'LATIN1',
  'LATIN3',
  'WIN1250',
  'WIN1252',
  'WIN1255',
  'WIN1258',
  'WIN874',
])('The bytes of %s that are known to be no characters are those that the server cannot convert', async (encoding) => {
  const database = await createDatabase({ prefix: 'bytes', encoding });
  try {
    const test = untranslatableSql(encoding, 'c') ?? 'false';
    await database.query(`create function sendable(c text) returns boolean language plpgsql as $$
        begin perform convert_to(c, 'UTF8'); return true; exception when others then return false; end $$`);
    const [answer] = await database.query<{ wrong: string }>(
      `select count(*)::text as wrong from (select convert_from(set_byte('\\x00'::bytea, 0, b), getdatabaseencoding()) as c
           from generate_series(128, 255) b) s where (${test}) = sendable(c)`,
    );
    expect(answer).toEqual({ wrong: '0' });
  } finally {
    await database.drop();
  }
});
