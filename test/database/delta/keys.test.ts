import { openFollowedRun, type FollowedRun } from './followed-run';

let run: FollowedRun;
afterEach(async () => {
  await run.drop();
});

const provenance = `select source_key, target_key from rowproof.provenance order by source_key`;

test('Where the key does not tell the target key, batches and rounds write which row became which', async () => {
  run = await openFollowedRun({
    source: `create table item (id int primary key, code text not null unique, n int);
      insert into item select g, 'c' || g, g from generate_series(1, 300) g`,
    target: 'create table item (code text primary key, n int)',
    mappings: [{ name: 'item', columns: [{ target: 'code' }, { target: 'n' }] }],
  });
  const pairs = (await run.target.query(provenance)) as { source_key: string; target_key: string }[];
  expect(pairs).toHaveLength(300);
  expect(pairs).toContainEqual({ source_key: '["7"]', target_key: '["c7"]' });
  await run.source.query(`update item set code = 'moved' where id = 7; delete from item where id = 8;
    insert into item values (500, 'c8', 1)`);
  await run.catchUp();
  expect(await run.target.query('select code, n from item order by code')).toEqual(
    await run.source.query('select code, n from item order by code'),
  );
  const after = (await run.target.query(provenance)) as { source_key: string; target_key: string }[];
  expect(after).toContainEqual({ source_key: '["7"]', target_key: '["moved"]' });
  expect(after).toContainEqual({ source_key: '["500"]', target_key: '["c8"]' });
  expect(after).toHaveLength(300);
});

test('The careful path writes provenance of what it loaded, and only of that', async () => {
  run = await openFollowedRun({
    source: `create table item (id int primary key, code text not null, n text);
      insert into item select g, 'c' || g, case when g % 10 = 0 then 'bad' else g::text end from generate_series(1, 50) g`,
    target: 'create table item (code text primary key, n int check (n <> 7))',
    mappings: [{ name: 'item', columns: [{ target: 'code' }, { target: 'n', sql: 'n::int' }] }],
    decisions: [{ finding: '*', do: 'quarantine', expect: null, because: 'known', by: 'ana' }],
  });
  expect(await run.target.query('select count(*)::int n from rowproof.provenance')).toEqual([{ n: 44 }]);
  expect(
    await run.target.query(
      `select count(*)::int n from rowproof.provenance p join item i on p.target_key = jsonb_build_array(i.code)::text`,
    ),
  ).toEqual([{ n: 44 }]);
});

test('Rows for which the source raises stand alone in quarantine, the others of the round arrive', async () => {
  run = await openFollowedRun({
    source: `create table item (id int primary key, n text); insert into item select g, g::text from generate_series(1, 100) g`,
    target: 'create table item (id int primary key, n int)',
    mappings: [{ name: 'item', columns: [{ target: 'id' }, { target: 'n', sql: 'n::int' }] }],
  });
  await run.source.query(`update item set n = (n::int + 1000)::text; update item set n = 'bad' where id in (5, 77)`);
  await run.catchUp();
  expect(await run.target.query('select count(*)::int n, min(n) low from item')).toEqual([{ n: 98, low: 1001 }]);
  expect(await run.target.query('select source_key, sqlstate from rowproof.quarantine order by source_key')).toEqual([
    { source_key: '["5"]', sqlstate: '22P02' },
    { source_key: '["77"]', sqlstate: '22P02' },
  ]);
  await run.source.query(`update item set n = '5' where id = 5`);
  await run.catchUp();
  expect(await run.target.query('select count(*)::int n from rowproof.quarantine')).toEqual([{ n: 1 }]);
});

test('Rows that leave and enter the filter, and rows with reasons, go where they belong', async () => {
  run = await openFollowedRun({
    source: `create table item (id int primary key, n text, active boolean not null);
      insert into item select g, g::text, true from generate_series(1, 100) g`,
    target: 'create table item (id int primary key, n int)',
    mappings: [{ name: 'item', where: 'active', columns: [{ target: 'id' }, { target: 'n' }] }],
  });
  await run.source.query(`update item set active = false where id <= 10; update item set n = 'many' where id = 50`);
  await run.round();
  expect(await run.target.query('select count(*)::int n from item')).toEqual([{ n: 89 }]);
  expect(await run.target.query('select source_key from rowproof.quarantine')).toEqual([{ source_key: '["50"]' }]);
  await run.source.query(`update item set active = true where id <= 5; update item set n = '50' where id = 50`);
  await run.round();
  expect(await run.target.query('select count(*)::int n from item')).toEqual([{ n: 95 }]);
  expect(await run.target.query('select count(*)::int n from rowproof.quarantine')).toEqual([{ n: 0 }]);
});

test('Target keys are computed from source keys as the batch wrote them, for every kind of id', async () => {
  run = await openFollowedRun({
    source: `create table a (id int primary key, v text); insert into a select g, 'v' from generate_series(1, 20) g;
      create table b (k text, d numeric, primary key (k, d)); insert into b values ('x', 1.50), ('Y', -2), ('é "', 0.00);
      create table c (at timestamptz primary key, v int); insert into c values ('2024-03-01 12:00:00.123456+02', 1);
      create table d (id bigint primary key, v text); insert into d select g, 'v' from generate_series(1, 20) g`,
    target: `create table a (id bigint primary key, v text); create table b (id uuid primary key, k text);
      create table c (at timestamptz primary key, v int); create table d (id bigint primary key, v text)`,
    mappings: [
      { name: 'a', columns: [{ target: 'id' }, { target: 'v' }] },
      {
        name: 'b',
        id: { kind: 'uuid_from', from: ['k', 'd'], column: 'id' },
        columns: [{ target: 'k' }],
      },
      { name: 'c', columns: [{ target: 'at' }, { target: 'v' }] },
      {
        name: 'd',
        id: { kind: 'offset', from: ['id'], by: '1000000', column: 'id' },
        columns: [{ target: 'v' }],
      },
    ],
  });
  await run.source.query('delete from a where id > 3; delete from b; delete from c; delete from d where id > 4');
  await run.catchUp();
  expect(
    await run.target.query(
      `select (select count(*)::int from a) a, (select count(*)::int from b) b, (select count(*)::int from c) c, (select count(*)::int from d) d`,
    ),
  ).toEqual([{ a: 3, b: 0, c: 0, d: 4 }]);
  expect(await run.target.query('select count(*)::int n from rowproof.provenance')).toEqual([{ n: 0 }]);
});
