import { openCopyRun, type CopyRun, type CopyRunDraft } from './copy-run';

let run: CopyRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const people: CopyRunDraft = {
  source: `create table people (id int primary key, name text);
    insert into people select g, 'p' || g from generate_series(1, 2000) g`,
  target: 'create table people (id int primary key, name text)',
  mappings: [{ name: 'people', columns: [{ target: 'id' }, { target: 'name' }] }],
};

test('A sample copies a stable part of the table and its books balance within it, on both paths', async () => {
  const bad = `${people.source}; update people set name = null where id % 2 = 0`;
  const target = 'create table people (id int primary key, name text constraint named check (num_nonnulls(name) = 1))';
  const kept: unknown[] = [];
  for (const draft of [people, { ...people, source: bad, target }]) {
    run = await openCopyRun({ ...draft, options: { sample: 10 } });
    const { rows } = await run.activities.planBatches({ ref: run.ref, mapping: 'people' });
    expect(rows).toBeGreaterThan(0);
    await run.copyAll();
    const [reconciliation] = await run.target.query<Record<string, number>>(
      `select sum(source_rows)::int as source, sum(migrated)::int as migrated, sum(quarantined)::int as bad from rowproof.batch`,
    );
    expect(reconciliation?.['source']).toBeGreaterThan(100);
    expect(reconciliation?.['source']).toBeLessThan(400);
    expect(reconciliation?.['source']).toBe((reconciliation?.['migrated'] ?? 0) + (reconciliation?.['bad'] ?? 0));
    kept.push(
      await run.target.query(
        `select id from (select id from people union all select (source_key::jsonb ->> 0)::int from rowproof.quarantine) k order by id`,
      ),
    );
    await run.drop();
  }
  run = undefined;
  expect(kept[0]).toEqual(kept[1]);
});

test('Text that the source cannot spell in UTF-8 costs only its own rows', async () => {
  run = await openCopyRun({
    ...people,
    sourceEncoding: 'SQL_ASCII',
    source: `create table people (id int primary key, name text);
      insert into people values (1, 'plain'), (2, E'caf\\xe9'), (3, E'caf\\xc3\\xa9')`,
  });
  await run.copyAll();
  expect(await run.target.query('select id, name from people order by id')).toEqual([
    { id: 1, name: 'plain' },
    { id: 3, name: 'café' },
  ]);
  expect(await run.target.query('select source_key, reason, column_name from rowproof.quarantine')).toEqual([
    { source_key: '["2"]', reason: 'encoding', column_name: 'name' },
  ]);
  expect(await run.target.query('select path from rowproof.batch')).toEqual([{ path: 'fast' }]);
});

test('A LATIN1 source arrives as the same characters', async () => {
  run = await openCopyRun({
    ...people,
    sourceEncoding: 'LATIN1',
    source: `set client_encoding to utf8; create table people (id int primary key, name text);
      insert into people values (1, 'Ærøskøbing'), (2, 'Zoë')`,
  });
  await run.copyAll();
  expect(await run.target.query('select name from people order by id')).toEqual([
    { name: 'Ærøskøbing' },
    { name: 'Zoë' },
  ]);
});

test('Types without a safe binary form travel as text and arrive as they were', async () => {
  run = await openCopyRun({
    source: `create type mood as enum ('sad', 'happy'); create type pair as (a int, b text);
      create table t (id int primary key, mood mood, tags text[], doc jsonb, span int4range, at timestamptz, f float8, n numeric);
      insert into t values (1, 'happy', '{"a,b",NULL,""}', '{"k": [1, null]}', '[1,5)', '2020-02-29 23:59:59.999999+02', 0.1, 1e-20),
        (2, null, '{}', 'null', 'empty', 'infinity', 'NaN', 'NaN'), (3, 'sad', null, '"x"', null, '-infinity', '-0', 123456789012345678901234567890.5)`,
    target: `create schema app; create type app.mood as enum ('happy', 'sad');
      create table t (id int primary key, mood app.mood, tags text[], doc jsonb, span int4range, at timestamptz, f float8, n numeric)`,
    mappings: [
      {
        name: 't',
        columns: ['id', 'mood', 'tags', 'doc', 'span', 'at', 'f', 'n'].map((target) => ({ target })),
      },
    ],
  });
  await run.copyAll();
  const all = 'select id, mood::text, tags::text, doc::text, span::text, at::text, f::text, n::text from t order by id';
  expect(await run.target.query(all)).toEqual(await run.source.query(all));
  expect(await run.target.query('select path from rowproof.batch')).toEqual([{ path: 'fast' }]);
});

test('A target column that is not what was compiled gets text, never the bytes of another type', async () => {
  run = await openCopyRun(people);
  await run.target.query('alter table people alter id type bigint');
  await run.copyAll();
  expect(await run.target.query('select min(id)::int, max(id)::int, count(*)::int n from people')).toEqual([
    { min: 1, max: 2000, n: 2000 },
  ]);
  expect(await run.target.query('select path from rowproof.batch')).toEqual([{ path: 'fast' }]);
});

test.each([
  { temporary: 'with temporary tables', revoke: '' },
  { temporary: 'without temporary tables', revoke: 'revoke temporary on database' },
])(
  'Roles with no more than select on the source and their own tables on the target are enough, $temporary',
  async ({ revoke }) => {
    run = await openCopyRun({
      ...people,
      target: 'create table people (id int primary key, name text check (upper(name) <> $$P7$$))',
    });
    const role = `copy_${run.target.name}`;
    try {
      await run.source.query(`create role ${role} login password 'ordinary'; grant select on people to ${role}`);
      await run.target.query(`alter table people owner to ${role}; grant usage on schema rowproof to ${role};
      grant all on all tables in schema rowproof to ${role}; grant all on all sequences in schema rowproof to ${role}`);
      await run.target.query(`grant create on schema rowproof to ${role}`);
      if (revoke !== '') await run.target.query(`${revoke} "${run.target.name}" from public`);
      const as = (url: string): string =>
        Object.assign(new URL(url), { username: role, password: 'ordinary' }).toString();
      const worker = run.worker({ sourceUrl: as(run.source.url), targetUrl: as(run.target.url) });
      await worker.planBatches({ ref: run.ref, mapping: 'people' });
      expect(await worker.copyBatch({ ref: run.ref, mapping: 'people', ordinal: 0 })).toMatchObject({
        migrated: 1999,
        quarantined: 1,
        path: 'careful',
      });
    } finally {
      await run.source.query(`drop owned by ${role}`);
      await run.target.query(`alter table people owner to postgres; drop owned by ${role}; drop role ${role}`);
    }
  },
);

test.each([
  { type: 'jsonb', good: '{}', bad: '{', finding: 'people.doc.cast_json', sqlstate: '22P02' },
  { type: 'inet', good: '10.0.0.1', bad: '10.0.0.300', finding: 'people.doc.cast_inet', sqlstate: '22P02' },
])(
  'A cast to $type that raises costs only its own row, and the row names the column',
  async ({ type, good, bad, finding, sqlstate }) => {
    run = await openCopyRun({
      source: `create table people (id int primary key, name text, doc text);
      insert into people select g, 'p' || g, case when g = 5 then '${bad}' else '${good}' end from generate_series(1, 10) g`,
      target: `create table people (id int primary key, name text, doc ${type})`,
      mappings: [{ name: 'people', columns: [{ target: 'id' }, { target: 'name' }, { target: 'doc' }] }],
    });
    await run.copyAll();
    expect(
      await run.target.query('select source_key, finding, column_name, sqlstate from rowproof.quarantine'),
    ).toEqual([{ source_key: '["5"]', finding, column_name: 'doc', sqlstate }]);
    expect(await run.target.query('select count(*)::int n from people')).toEqual([{ n: 9 }]);
  },
);
