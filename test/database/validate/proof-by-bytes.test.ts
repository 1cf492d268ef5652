import { byteStreams } from '../../../src/compile/statements/byte-streams';
import { sha256 } from '../../../src/engine/run/digests';
import { writableQuarantine } from '../../support/writable-quarantine';
import { openValidationRun, type ValidationRun } from './validation-run';

jest.setTimeout(120_000);

let run: ValidationRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const draft = {
  source: `
    create table item (id bigint, part int, code uuid, label text, price numeric, seen timestamptz, note jsonb, born text);
    insert into item select g - 1000, g % 7, md5(g::text)::uuid, 'é ' || g, g * 1.10, timestamptz '2020-01-01' + g * interval '1 hour',
      case when g % 5 = 0 then null else jsonb_build_object('n', g) end, case when g % 50 = 0 then '31.02.2020' else '2020-01-01' end
      from generate_series(1, 2000) g;
    alter table item add primary key (part, id);`,
  target: `create table item (id bigint, part int, code uuid not null, label text not null, price numeric, seen timestamptz, note jsonb, born date,
    primary key (part, id))`,
  mappings: [
    {
      name: 'item',
      columns: [
        ...['id', 'part', 'code', 'label', 'price', 'seen', 'note'].map((target) => ({ target })),
        { target: 'born', steps: [{ name: 'parse_date', args: ['YYYY-MM-DD'] }] },
      ],
    },
  ],
  decisions: [
    {
      finding: 'item.born.bad_date',
      do: 'quarantine',
      expect: { rows: 40, tolerance: 0 },
      because: 'no such day',
      by: 'ana',
    },
  ],
} as const;

const clean = { identical: 1960, decided: 40, mismatch: 0, missing: 0, extraneous: 0, duplicate: 0, unverifiable: 0 };

test('Only the column with a transform is recomputed, and right rows are proved by their bytes', async () => {
  run = await openValidationRun(draft as never);
  const { compiled } = await run.databases.run(run.ref);
  const streams = byteStreams(compiled.mappings[0] as never, { encoding: 'UTF8', sha256 });
  expect(streams).toMatchObject({ leading: 7, keys: ['integer', 'integer'] });
  expect(streams?.recomputed.columns.map(({ target }) => target)).toEqual(['born']);
  expect(await run.validation.proveMapping({ ref: run.ref, mapping: 'item' })).toEqual({
    mapping: 'item',
    rows: 2000,
    ...clean,
  });
});

test('Every planted fault is seen, also where both streams have to line up again', async () => {
  run = await openValidationRun(draft as never);
  const faults: [string, Record<string, number>][] = [
    [`update item set label = label || ' ' where id = -999`, { mismatch: 1, identical: 1959 }],
    [`update item set price = 2.2 where id = -998`, { mismatch: 1, identical: 1959 }],
    [`update item set note = null where id = -999`, { mismatch: 1, identical: 1959 }],
    [`update item set note = '{}' where id = 5`, { mismatch: 1, identical: 1959 }],
    [`update item set born = '2020-01-02' where id = 3`, { mismatch: 1, identical: 1959 }],
    [`update item set born = null where id = 3`, { mismatch: 1, identical: 1959 }],
    [`delete from item where part = 0`, { missing: 280, identical: 1680 }],
    [`delete from item where part = 6`, { missing: 280, identical: 1680 }],
    [
      `insert into item select id, 99, code, label, price, seen, note, born from item where part = 1`,
      { extraneous: 280, identical: 1960 },
    ],
    [`update item set id = id + 100000 where part = 3`, { missing: 280, extraneous: 280, identical: 1680 }],
    // a row that belongs into quarantine and is in the target, and one that does not belong there and is both
    [
      `insert into item values (-950, 50 % 7, md5('50')::uuid, 'é 50', 55.00, timestamptz '2020-01-01' + 50 * interval '1 hour', null, null);
       delete from rowproof.quarantine where source_key = '["1", "-950"]'`,
      { mismatch: 1, extraneous: 1, decided: 39, identical: 1960 },
    ],
    [`delete from rowproof.quarantine where source_key = '["1", "-950"]'`, { mismatch: 1, decided: 39 }],
    [
      `insert into rowproof.quarantine (run, mapping, source_key, class, reason, finding, findings)
       select run, mapping, '["1", "-992"]', class, reason, finding, findings from rowproof.quarantine where source_key = '["1", "-950"]'`,
      { mismatch: 1, extraneous: 1, identical: 1959 },
    ],
  ];
  await writableQuarantine(run.target);
  await run.target.query('create schema keep; create table keep.item as select * from item');
  await run.target.query('create table keep.quarantine as select * from rowproof.quarantine');
  for (const [fault, counts] of faults) {
    await run.target.query(fault);
    const { rows, mapping: _, ...found } = await run.validation.proveMapping({ ref: run.ref, mapping: 'item' });
    expect([fault, rows, found]).toEqual([fault, 2000, { ...clean, ...counts }]);
    await run.target.query(`truncate item; insert into item select * from keep.item; delete from rowproof.quarantine;
      insert into rowproof.quarantine select * from keep.quarantine`);
  }
  expect(await run.validation.proveMapping({ ref: run.ref, mapping: 'item' })).toMatchObject(clean);
});

test('Equal bytes mean equal values, for every type that passes as bytes', async () => {
  run = await openValidationRun(draft as never);
  const values: Readonly<Record<string, readonly string[]>> = {
    boolean: ['t', 'f'],
    smallint: ['-1', '0', '1'],
    integer: ['-1', '0', '65535'],
    bigint: ['-1', '0', '4294967296'],
    numeric: ['1.5', '1.50', '0', '-0.0', 'NaN', '1e30', '10000', '10000.0'],
    real: ['0', '-0', 'NaN', 'Infinity', '1.1'],
    'double precision': ['0', '-0', 'NaN', '-Infinity', '1.1', '1.1000000000000003'],
    text: ['', ' ', 'a', 'a ', 'é', 'e\u0301'],
    'character varying': ['', 'a', 'a '],
    'character(3)': ['', 'a', 'a  ', 'ab'],
    '"char"': ['a', '', 'b'],
    name: ['a', 'b'],
    bytea: ['', '\\x00', '\\x0000'],
    uuid: ['00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000100'],
    date: ['2020-01-01', 'infinity', '0044-03-15 BC'],
    'time without time zone': ['00:00', '24:00', '00:00:00.000001'],
    'time with time zone': ['12:00+00', '13:00+01', '12:00+01'],
    'timestamp without time zone': ['2020-01-01', 'infinity', '2020-01-01 00:00:00.000001'],
    'timestamp with time zone': ['2020-01-01 00:00+00', '2020-01-01 01:00+01', '-infinity'],
    interval: ['1 day', '24 hours', '1 month', '30 days'],
    inet: ['10.0.0.1', '10.0.0.1/24', '10.0.0.1/32', '::1'],
    cidr: ['10.0.0.0/8', '10.0.0.0/24', '::/0'],
    macaddr: ['08:00:2b:01:02:03', '08-00-2b-01-02-03'],
    macaddr8: ['08:00:2b:01:02:03:04:05'],
    'bit(3)': ['101', '010'],
    'bit varying': ['', '1', '10', '0001'],
    json: ['{"a":1}', '{"a": 1}', '1.0', '1'],
    jsonb: ['{"a":1}', '{"a": 1}', '1.0', '1', '{"b":1,"a":2}'],
    tsvector: ['a b', 'b a', 'a:1'],
    tsquery: ['a & b', 'a | b'],
    point: ['(0,0)', '(-0,0)'],
    path: ['[(0,0),(1,1)]', '((0,0),(1,1))'],
    pg_lsn: ['0/1', '1/0'],
  };
  for (const [type, texts] of Object.entries(values)) {
    const [send] = await run.target.query<{ name: string }>(
      `select typsend::regproc::text as name from pg_type where oid = '${type}'::regtype`,
    );
    const list = texts.map((text) => `('${text}'::${type})`).join(', ');
    const [found] = await run.target.query<{ wrong: string; apart: string }>(
      `select count(*) filter (where ${send?.name}(a.v) = ${send?.name}(b.v) and a.v::text collate "C" <> b.v::text)::text as wrong,
         count(*) filter (where ${send?.name}(a.v) <> ${send?.name}(b.v) and a.v::text collate "C" = b.v::text)::text as apart
       from (values ${list}) as a (v), (values ${list}) as b (v)`,
    );
    expect([type, found]).toEqual([type, { wrong: '0', apart: '0' }]);
  }
});
