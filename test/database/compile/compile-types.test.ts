import { bindStatement } from '../../../src/compile/statements/bind-statement';
import type { CompiledMapping } from '../../../src/contract/compiled';
import type { TestDatabase } from '../../support/postgres/postgres';
import { createDatabase } from '../../support/postgres/postgres';
import {
  blankServer,
  compileFine,
  expectAgreement,
  loadAll,
  openSides,
  recomputeAll,
  rejectedBySql,
  rowsOf,
  textsOf,
} from './compile-harness';

let source: TestDatabase;
let target: TestDatabase;
let sides: Awaited<ReturnType<typeof openSides>>;

const texts = [
  null,
  '',
  ' ',
  '0',
  '-0',
  '+7',
  '007',
  ' 7',
  '7.00',
  '1e3',
  '32768',
  '2147483648',
  '9223372036854775808',
  '-9223372036854775808',
  '1e400',
  '0.1',
  '12345.678',
  'NaN',
  'Infinity',
  '-infinity',
  'true',
  'T',
  'no',
  '2020-02-29',
  '2021-02-29',
  '2020-02-29 00:00:00',
  '2020-02-29 12:34:56.789012',
  '2020-02-29T12:34:56Z',
  '2020-02-29 12:34:56+02',
  '0044-03-15 BC',
  '29/02/2020',
  '12:34:56',
  '24:00:00',
  '\\x00ff',
  '\\xzz',
  'active',
  'Active',
  '{"a": 1}',
  '6f2c2f10-0000-4000-8000-000000000001',
  '6F2C2F10-0000-4000-8000-000000000001',
  '{6f2c2f1000004000800000000000001}',
  'abcde',
  'abcdef',
  'ab   ',
  'ab    ',
  'ñandú',
  'ñandúes',
  '🦉🦉🦉🦉🦉',
  '\\N',
  "'; drop table x; --",
  'new\nline',
  'tab\tback\\slash',
];

const types = [
  'smallint',
  'integer',
  'bigint',
  'numeric',
  'numeric(7,2)',
  'real',
  'double precision',
  'boolean',
  'date',
  'timestamp',
  'timestamp(3)',
  'timestamptz',
  'time',
  'uuid',
  'bytea',
  'varchar(5)',
  'char(5)',
  'text',
  'x.status',
  'x.short',
  'x.positive',
];

beforeAll(async () => {
  source = await createDatabase({ prefix: 'compile_src' });
  target = await createDatabase({ prefix: 'compile_dst' });
  const shared = `
    create schema x;
    create type x.status as enum ('active', 'it''s', 'größe');
    create domain x.short as varchar(5);
    create domain x.positive as integer not null;`;
  await source.query(shared);
  await target.query(shared);
  sides = await openSides(source.url, target.url);
});

afterAll(async () => {
  await sides.close();
  await source.drop();
  await target.drop();
});

async function migrate(tables: string): Promise<{ mapping: CompiledMapping; ok: number; bad: number }> {
  const { mappings } = await compileFine(sides, tables);
  const mapping = mappings[0] as CompiledMapping;
  const { ok, bad } = await expectAgreement(sides.source, mapping);
  expect(await loadAll(sides, mapping)).toBe(ok);
  const rows = (await recomputeAll(sides.source, mapping)).filter(({ row }) => row.reasons.length === 0);
  const expected = new Map(rows.map(({ row }) => [row.key, textsOf(row)]));
  const actual = await rowsOf(sides.target, bindStatement(mapping.statements.actualInProofOrder));
  const width = mapping.targetKey.length;
  for (const row of actual) {
    const key = `[${row
      .slice(0, width)
      .map((part) => JSON.stringify(part))
      .join(', ')}]`;
    const texts = expected.get(key) as (string | null)[];
    expect([key, ...blankServer(row.slice(width), texts)]).toEqual([key, ...texts]);
  }
  expect(actual).toHaveLength(ok);
  return { mapping, ok, bad };
}

describe('casts inside compiled statements', () => {
  beforeAll(async () => {
    await source.query('create table texts (id int primary key, t text)');
    await source.query('insert into texts select i, t from unnest($1::text[]) with ordinality as u(t, i)', [texts]);
  });

  it.each(types)('takes text to %s, with the same reasons and the same values on both sides', async (type) => {
    const name = `from_text_${types.indexOf(type)}`;
    await target.query(`create table ${name} (id bigint primary key, t ${type})`);
    const { ok, bad } = await migrate(`
  public.${name}: { from: public.texts, columns: { id: id, t: t } }
`);
    expect(ok + bad).toBe(texts.length);
    expect(ok).toBeGreaterThan(0);
    const piped = `piped_${types.indexOf(type)}`;
    await target.query(`create table ${piped} (id bigint primary key, t ${type})`);
    const again = await migrate(`
  public.${piped}: { from: public.texts, columns: { id: id, t: { from: t, steps: [trim, { null_if: [""] }] } } }
`);
    expect(again.ok + again.bad).toBe(texts.length);
  });

  it('keeps values of one type as they are, and narrows others only where nothing is lost', async () => {
    await source.query(`
      create table typed (
        id int primary key, i2 int2, i8 int8, n numeric, n2 numeric(12,4), f4 float4, f8 float8, b bool, d date, ts timestamp,
        tz timestamptz, tm time, u uuid, by bytea, v varchar(10), c char(10), s x.status, sh x.short, j json, jb jsonb,
        arr int[], iv interval, ip inet, rg int4range, ta text[], xm xml, pt point, mo oid);
      insert into typed values
        (1, 1, 1, 1, 1, 1.5, 1.5, true, '2020-01-01', '2020-01-01 00:00:00', '2020-01-01 12:00+00', '12:00', md5('a')::uuid, '\\x00ff',
         'abc', 'abc', 'größe', 'abc', '{"a" : 1}', '{"a" : 1}', '{1,2,null}', '1 day 02:00', '10.0.0.1/8', '[1,5)', '{a,"b c",null}', '<a/>', '(1,2)', 5),
        (2, -1, 9223372036854775807, 'NaN', -0.5, 'NaN', 'Infinity', false, 'infinity', '2020-01-01 00:00:00.000001', '-infinity', '23:59:59.999999',
         null, '', '', '', 'it''s', '', '[]', '[]', '{}', '-1 mon', '::1', 'empty', '{}', '<a>&amp;</a>', '(0,-0)', 0),
        (3, 7, 2147483648, 123456.789, 12.3400, 0.1, 1e300, null, '0044-03-15 BC', '2020-06-01 01:02:03', '2020-06-01 01:02:03', '00:00', null, null,
         'abcdefghij', 'abcdefghij', 'active', 'abcde', 'null', 'null', null, null, null, null, null, null, null, null),
        (4, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null);
      create table same_types as select * from typed`);
    const columns = `id bigint primary key, i2 int4, i8 int4, n numeric(8,2), n2 numeric(6,2), f4 float8, f8 float4, b text, d timestamp, ts date,
        tz timestamptz, tm time(3), u text, by bytea, v varchar(5), c varchar(5), s text, sh text, j jsonb, jb json,
        arr int[], iv interval, ip inet, rg int4range, ta text[], xm xml, pt point, mo oid`;
    await target.query(
      `create table narrowed (${columns}, ident int generated always as identity, twice bigint generated always as (id * 2) stored)`,
    );
    const { mapping, ok, bad } = await migrate(`
  public.narrowed: { from: public.typed, columns: "*" }
`);
    expect(mapping.copyFormat).toBe('text');
    expect([ok, bad]).toEqual([2, 2]);
    const rejected = await rejectedBySql(sides.source, mapping);
    expect([...rejected.keys()].sort()).toEqual(['["2"]', '["3"]']);
  });

  it('travels in binary where every type is stable, and identity columns take given values', async () => {
    await source.query(`create table plain as select i::int as id, i::numeric(10,2) / 7 as n, ('x' || i)::varchar(9) as v,
      case when i % 2 = 0 then 'active' end::x.status as s, now()::timestamptz(0) as t, i::x.positive as p from generate_series(1, 50) i;
      alter table plain add primary key (id)`);
    await target.query(
      `create table plain (id bigint generated always as identity primary key, n numeric, v char(9), s x.status, t timestamptz, p x.positive)`,
    );
    const { mapping, ok } = await migrate(`
  public.plain: { from: public.plain, columns: "*" }
`);
    expect([mapping.copyFormat, ok]).toEqual(['binary', 50]);
  });
});

describe('ids and references', () => {
  it('computes a parent id alike from keys spelled in different types', async () => {
    await source.query(`
      create table parents (a numeric(12,2) primary key, b text not null);
      create table children (id int primary key, as_text text, as_int int, as_real float8, as_num numeric(14,6));
      insert into parents values (7.00, 'x'), (-1.50, 'y'), (1000000, 'z');
      insert into children values (1, '7', 7, 7, 7.000000), (2, '007.0', -7, -1.5, -1.500000), (3, 'seven', null, 'NaN', null),
        (4, null, 1000000, 1e6, 1000000)`);
    await target.query(`
      create table parents (id uuid primary key, b text);
      create table children (id int primary key, as_text uuid, as_int uuid, as_real uuid, as_num uuid)`);
    const compiled = await compileFine(
      sides,
      `
  public.parents: { from: public.parents, id: { uuid_from: a }, columns: { b: b } }
  public.children:
    from: public.children
    columns:
      id: id
      as_text: { from: as_text, ref: public.parents }
      as_int: { from: as_int, ref: public.parents }
      as_real: { from: as_real, ref: public.parents }
      as_num: { from: as_num, ref: public.parents }
`,
    );
    const [parents, children] = compiled.mappings as [CompiledMapping, CompiledMapping];
    expect(parents.targetKeyInjective).toBe(true);
    await expectAgreement(sides.source, parents);
    expect(await expectAgreement(sides.source, children)).toEqual({ ok: 3, bad: 1 });
    await loadAll(sides, parents);
    await loadAll(sides, children);
    const found = await target.query(`
      select c.id, (select b from parents p where p.id = as_text) as t, (select b from parents p where p.id = as_int) as i,
        (select b from parents p where p.id = as_real) as r, (select b from parents p where p.id = as_num) as n
      from children c order by 1`);
    expect(found).toEqual([
      { id: 1, t: 'x', i: 'x', r: 'x', n: 'x' },
      { id: 2, t: 'x', i: null, r: 'y', n: 'y' },
      { id: 4, t: null, i: 'z', r: 'z', n: 'z' },
    ]);
    const rejected = await rejectedBySql(sides.source, children);
    const kinds = rejected.get('["3"]')?.map((index) => children.reasons[index - 1]?.finding);
    expect(kinds).toContain('children.as_text.bad_reference');
  });

  it('says so when an offset has nothing to add to', async () => {
    await source.query(
      `create table codes (code text primary key); insert into codes values ('12'), ('-3'), ('x'), ('1.5')`,
    );
    await target.query('create table codes (id bigint primary key)');
    const { mapping, ok, bad } = await migrate(`
  public.codes: { from: public.codes, id: { offset: { from: code, by: 100 } }, columns: "*" }
`);
    expect([ok, bad]).toEqual([2, 2]);
    expect(mapping.targetKeyInjective).toBe(false);
    expect(mapping.reasons.map(({ kind }) => kind)).toContain('bad_id');
  });
});

describe('where', () => {
  it('keeps expressions of the user away from rows out of scope', async () => {
    await source.query(`create table ratios (id int primary key, a int, b int);
      insert into ratios values (1, 6, 3), (2, 1, 0), (3, 1, null)`);
    await target.query('create table ratios (id int primary key, q int not null)');
    const { mapping, ok } = await migrate(`
  public.ratios: { from: public.ratios, where: b <> 0, columns: { id: id, q: { sql: a / b } } }
`);
    expect(ok).toBe(1);
    expect(mapping.columns[1]?.proof).toBe('re-executed');
    const trial = await rowsOf(sides.source, bindStatement(mapping.statements.trial));
    expect(trial.sort()).toEqual([
      ['["1"]', 'ok', '1'],
      ['["2"]', 'out_of_scope', '2'],
      ['["3"]', 'out_of_scope', '3'],
    ]);
    const refs = await rowsOf(sides.source, bindStatement(mapping.statements.outOfScopeRefs));
    expect(refs.sort()).toEqual([
      ['["2"]', null],
      ['["3"]', null],
    ]);
    const preview = await rowsOf(sides.source, bindStatement(mapping.statements.preview, { limit: 5 }));
    expect(preview).toEqual([['["1"]', '1', '2', '1', '2', '{}']]);
    const counts = await sides.source.query(bindStatement(mapping.statements.counts));
    expect(counts.rows).toEqual([{ what: 'rows', index: '0', rows: '1' }]);
    const scope = await sides.source.query(bindStatement(mapping.statements.scopeCounts));
    expect(scope.rows).toEqual([{ total: '3', out_of_scope: '2', scope_unknown: '1' }]);
  });
});

describe('other encodings', () => {
  it.each(['LATIN1', 'WIN1252', 'SQL_ASCII'])(
    'gives the same keys, ids and values from a %s source',
    async (encoding) => {
      const other = await createDatabase({ prefix: 'compile_enc', encoding });
      const far = await openSides(other.url, target.url);
      try {
        await other.query(`create table names (n text primary key, v varchar(20));
        insert into names values ('é', ' Éa '), ('a', 'ÜBER'), ('ÿ', null)`);
        const table = `names_${encoding.toLowerCase()}`;
        await target.query(`create table ${table} (id uuid primary key, n text, v varchar(6))`);
        const { mappings } = await compileFine(
          far,
          `
  public.${table}:
    from: public.names
    id: { uuid_from: n }
    columns: { n: n, v: { from: v, steps: [trim, lower] } }
`,
        );
        const mapping = mappings[0] as CompiledMapping;
        expect(await expectAgreement(far.source, mapping)).toEqual({ ok: 3, bad: 0 });
        expect(await loadAll(far, mapping)).toBe(3);
        for (const index of [0, 1]) {
          const slice = { index, of: 2 };
          const expected = await rowsOf(far.source, bindStatement(mapping.statements.rawInProofOrder, { slice }));
          const actual = await rowsOf(far.target, bindStatement(mapping.statements.actualInProofOrder, { slice }));
          const name = mapping.columns.findIndex((column) => column.target === 'n') + mapping.targetKey.length;
          expect(actual.map((row) => JSON.stringify([row[name]]))).toEqual(expected.map(([key]) => key));
        }
      } finally {
        await far.close();
        await other.drop();
      }
    },
  );
});

describe('shortcuts', () => {
  it('give the reasons and values of the long way, at every edge', async () => {
    await source.query(`
      create table moments (id int primary key, ts timestamp, tz timestamptz, i int, s text);
      insert into moments values
        (1, '0001-01-01 00:10', '0001-01-01 00:10+00', 0, '0001-01-01 00:00:00'),
        (2, '9999-12-31 23:50', '9999-12-31 23:50+00', -2147483648, '9999-12-31 23:59:59'),
        (3, 'infinity', '-infinity', 2147483647, 'infinity'),
        (4, '0044-03-15 00:00 BC', '0044-03-15 00:00+00 BC', -5, '0000-01-01 00:00:00'),
        (5, '10000-01-01', '10000-01-01 00:00+00', 1000, '10000-01-01 00:00:00'),
        (6, null, null, null, null),
        (7, '2021-03-28 02:30', '2021-10-31 01:30+00', 99, '2020-02-29 24:00:00'),
        (8, '2021-10-31 02:30:00.12', '2021-03-28 01:00+00', 10, '2020-02-29 23:59:59'),
        (9, '294276-12-31 23:59:59', '4713-01-01 BC', 1, ''),
        (10, '1890-01-01', '1890-01-01', -1, '2019-02-29 00:00:00');`);
    await target.query(`create table moments (id int primary key, a timestamptz, b timestamp, c timestamptz, d timestamp,
        e numeric(7,2), f numeric, g int, h timestamp, i2 timestamp(2), j date not null)`);
    const { mapping, ok, bad } = await migrate(`
  public.moments:
    from: public.moments
    columns:
      id: id
      a: { from: ts, steps: [{ at_zone: Europe/Berlin }] }
      b: { from: tz, steps: [{ at_zone: America/New_York }] }
      c: { from: ts, steps: [{ at_zone: Pacific/Kiritimati }] }
      d: { from: tz, steps: [{ at_zone: Pacific/Kiritimati }] }
      e: { from: i, steps: [{ scale: -2 }] }
      f: { from: i, steps: [{ scale: 3 }] }
      g: { from: i, steps: [{ scale: -1 }] }
      h: { from: s, steps: [{ parse_date: "YYYY-MM-DD HH24:MI:SS" }] }
      i2: { from: ts }
      j: { from: s, steps: [{ split_part: [" ", 1] }, { parse_date: YYYY-MM-DD }] }
`);
    expect([ok, bad]).toEqual([1, 9]);
    expect(mapping.statements.load).not.toMatch(/"ts"::text/);
    const sorted = await rejectedBySql(sides.source, mapping);
    expect(sorted.size).toBe(bad);
  });
});
