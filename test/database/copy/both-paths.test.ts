import { openCopyRun, type CopyRun, type CopyRunDraft } from './copy-run';

const open: CopyRun[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.drop()));
});

async function copied(draft: CopyRunDraft): Promise<CopyRun> {
  const run = await openCopyRun(draft);
  open.push(run);
  await run.copyAll();
  return run;
}

const quarantine = `select source_key, class, reason, finding, column_name, transform, findings, refs from rowproof.quarantine
  where sqlstate is null order by source_key`;

/** A dirty table with every kind of trouble that is known before the load. */
const dirty: CopyRunDraft = {
  source: `create table raw (id int primary key, day text, state text, amount text, code text, kind text, email text, ok text);
    insert into raw values
      (1, '31/12/2020', 'A', '12.50', '7', 'big', ' Ann@X.org ', '1'),
      (2, '31/02/2020', 'A', '12.50', '7', 'big', 'b@x', '1'),
      (3, null, 'A', '12.50', '7', 'big', 'c@x', '1'),
      (4, '01/01/2021', 'Z', '12.50', '7', 'big', 'd@x', '1'),
      (5, '01/01/2021', 'B', 'twelve', '7', 'big', 'e@x', '1'),
      (6, '01/01/2021', 'B', '1234567.00', '7', 'big', 'f@x', '1'),
      (7, '01/01/2021', 'B', '1.005', '7', 'big', 'g@x', '1'),
      (8, '01/01/2021', 'B', '1', '99999999999', 'big', 'h@x', '1'),
      (9, '01/01/2021', 'B', '1', '7', 'huge', 'i@x', '1'),
      (10, '01/01/2021', 'B', '1', '7', 'big', 'far too long for it', '1'),
      (11, 'nonsense', 'Z', 'x', 'y', 'huge', 'far too long for it', '1'),
      (12, '01/01/2021', 'B', null, null, 'small', 'é😀', '1')`,
  target: `create type kind as enum ('small', 'big');
    create table cooked (id bigint primary key, day date not null, status text not null, amount numeric(8,2), code int,
      kind kind, email varchar(10), ok int constraint all_ok check (sign(ok) > 0))`,
  mappings: [
    {
      name: 'cooked',
      from: { schema: 'public', name: 'raw' },
      columns: [
        { target: 'id' },
        { target: 'day', steps: [{ name: 'parse_date', args: ['DD/MM/YYYY'] }] },
        { target: 'status', from: ['state'], steps: [{ name: 'map', args: { A: 'active', B: 'blocked' } }] },
        { target: 'amount' },
        { target: 'code' },
        { target: 'kind' },
        {
          target: 'email',
          steps: [
            { name: 'trim', args: null },
            { name: 'lower', args: null },
          ],
        },
        { target: 'ok' },
      ],
    },
  ],
};

test('Both paths load the same rows, and quarantine the same rows for the same reasons', async () => {
  const fast = await copied(dirty);
  const careful = await copied({
    ...dirty,
    source: `${dirty.source}, (13, '01/01/2021', 'B', null, null, 'small', 'z', '-1')`,
  });
  expect(await fast.target.query('select path from rowproof.batch')).toEqual([{ path: 'fast' }]);
  expect(await careful.target.query('select path from rowproof.batch')).toEqual([{ path: 'careful' }]);
  const loaded = 'select * from cooked order by id';
  expect(await careful.target.query(loaded)).toEqual(await fast.target.query(loaded));
  expect(await careful.target.query(quarantine)).toEqual(await fast.target.query(quarantine));
  expect(await fast.target.query('select array_agg(id::int order by id) ids from cooked')).toEqual([{ ids: [1, 12] }]);
  expect(
    await fast.target.query(
      'select source_key, reason from rowproof.quarantine order by (source_key::jsonb ->> 0)::int',
    ),
  ).toEqual(
    [
      'bad_date',
      'not_null',
      'unknown_value',
      'cast_number',
      'precision',
      'scale',
      'out_of_range',
      'enum',
      'too_long',
      'bad_date',
    ].map((reason, index) => ({ source_key: `["${index + 2}"]`, reason })),
  );
  const [worst] = await fast.target.query<{ findings: string[] }>(
    `select findings from rowproof.quarantine where source_key = '["11"]'`,
  );
  expect(worst?.findings).toHaveLength(6);
  expect(
    await careful.target.query('select source_key, finding from rowproof.quarantine where sqlstate is not null'),
  ).toEqual([{ source_key: '["13"]', finding: 'cooked.all_ok.check' }]);
});

test('What children would refer to is kept of a quarantined row, alike on both paths', async () => {
  const family: CopyRunDraft = {
    source: `create table parent (id int primary key, name text, ok int); insert into parent values (1, 'fine', 1), (2, null, 1);
      create table child (id int primary key, parent_id int references parent); insert into child values (1, 1)`,
    target: `create table parent (id bigint primary key, name text not null, ok int check (sign(ok) > 0));
      create table child (id bigint primary key, parent_id bigint references parent)`,
    mappings: [
      {
        name: 'parent',
        id: { kind: 'offset', from: ['id'], by: '1000', column: 'id' },
        columns: [{ target: 'name' }, { target: 'ok' }],
      },
      { name: 'child', columns: [{ target: 'id' }, { target: 'parent_id', ref: 'parent' }] },
    ],
  };
  const fast = await copied(family);
  const careful = await copied({ ...family, source: `${family.source}; insert into parent values (3, 'check', -1)` });
  const refs = 'select source_key, refs, finding from rowproof.quarantine order by 1';
  expect(await fast.target.query(refs)).toEqual([
    { source_key: '["2"]', refs: { id: '1002' }, finding: 'parent.name.not_null' },
  ]);
  expect(await careful.target.query(refs)).toEqual([
    { source_key: '["2"]', refs: { id: '1002' }, finding: 'parent.name.not_null' },
    { source_key: '["3"]', refs: { id: '1003' }, finding: 'parent.parent_ok_check.check' },
  ]);
});

test('Names with quotes, dots, spaces, upper case, emoji and reserved words work on both paths', async () => {
  const hostile: CopyRunDraft = {
    source: `create schema "Old ""S"".x"; create table "Old ""S"".x"."select" ("id ""key""" int, "Group.By" text, "naïve 😀" text, "{{range}}" int, primary key ("Group.By", "id ""key"""));
      insert into "Old ""S"".x"."select" select g, 'g''' || g % 7, 'é' || g, g from generate_series(1, 50) g`,
    target: `create schema "N.ew"; create table "N.ew"."or""der" ("{{limit}}" int, "user" text, "Ünï" text, "$1" int constraint "che""ck" check (sign(50 - "$1") > 0), primary key ("user", "{{limit}}"))`,
    mappings: [
      {
        name: 'order',
        target: { schema: 'N.ew', name: 'or"der' },
        from: { schema: 'Old "S".x', name: 'select' },
        columns: [
          { target: '{{limit}}', from: ['id "key"'] },
          { target: 'user', from: ['Group.By'], steps: [{ name: 'trim', args: null }] },
          { target: 'Ünï', from: ['naïve 😀'] },
          { target: '$1', from: ['{{range}}'] },
        ],
      },
    ],
    settings: { batch: { rows: 20, bytes: 1, inFlight: 1 } },
  };
  const run = await copied(hostile);
  expect(await run.target.query('select path, migrated::int from rowproof.batch order by ordinal')).toEqual([
    { path: 'careful', migrated: 19 },
    { path: 'fast', migrated: 20 },
    { path: 'fast', migrated: 10 },
  ]);
  expect(await run.target.query(`select count(*)::int n from "N.ew"."or""der"`)).toEqual([{ n: 49 }]);
  expect(await run.target.query('select source_key, finding, constraint_name from rowproof.quarantine')).toEqual([
    { source_key: `["g'1", "50"]`, finding: 'order.che"ck.check', constraint_name: 'che"ck' },
  ]);
});

test('One value of fifty million characters passes on both paths', async () => {
  const large: CopyRunDraft = {
    source: `create table blobs (id int primary key, body text, ok int); insert into blobs select 1, repeat('0123456789', 5000000), 1`,
    target: 'create table blobs (id int primary key, body text, ok int check (sign(ok) > 0))',
    mappings: [{ name: 'blobs', columns: [{ target: 'id' }, { target: 'body' }, { target: 'ok' }] }],
  };
  const fast = await copied(large);
  const careful = await copied({ ...large, source: `${large.source}; insert into blobs values (2, 'small', 0)` });
  for (const run of [fast, careful]) {
    expect(
      await run.target.query('select length(body) n, md5(body) = md5(repeat($1, 5000000)) as same from blobs', [
        '0123456789',
      ]),
    ).toEqual([{ n: 50_000_000, same: true }]);
  }
});
