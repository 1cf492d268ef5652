import { openFollowedRun, type FollowedRun } from './followed-run';

let run: FollowedRun;
afterEach(async () => {
  await run.drop();
});

test('A relation that several transactions touched as a whole is read once, and nothing of it waits after that', async () => {
  run = await openFollowedRun({
    source: `create table item (id int primary key, n text); insert into item select g, g::text from generate_series(1, 50) g`,
    target: 'create table item (id int primary key, n text)',
    mappings: [{ name: 'item', columns: [{ target: 'id' }, { target: 'n' }] }],
  });
  await run.catchUp();
  const xids: string[] = [];
  for (let at = 0; at < 3; at += 1) {
    const [row] = (await run.source.query('select pg_current_xact_id()::text as xid')) as { xid: string }[];
    xids.push(row?.xid ?? '');
  }
  await run.target.query(
    `insert into rowproof.pending (run, source, relation, key, xid)
     select run, source, 1, null, x::xid8 from rowproof.cursor, unnest(array[${xids.map((xid) => `'${xid}'`).join(', ')}]) x;
     insert into rowproof.pending (run, source, relation, key) select run, source, 1, null from rowproof.cursor;
     delete from item where id <= 10; insert into item values (99, 'stray')`,
  );
  const before = await run.target.query(`select round from rowproof.apply_lease where lease = 'delta'`);
  await run.catchUp();
  expect(await run.target.query('select * from item order by id')).toEqual(
    await run.source.query('select * from item order by id'),
  );
  expect(await run.target.query('select 1 from rowproof.pending')).toEqual([]);
  expect(await run.target.query(`select round - 1 as round from rowproof.apply_lease where lease = 'delta'`)).toEqual(
    before,
  );
});

test('A round over a whole table notes rows as touched that it has to turn away', async () => {
  run = await openFollowedRun({
    source: `create table item (id int primary key, n text); insert into item select g, g::text from generate_series(1, 20) g`,
    target: 'create table item (id int primary key, n int check (n <> 13))',
    mappings: [{ name: 'item', columns: [{ target: 'id' }, { target: 'n', sql: 'n::int' }] }],
    decisions: [{ finding: '*', do: 'quarantine', expect: null, because: 'known', by: 'ana' }],
  });
  await run.catchUp();
  await run.target.query('update rowproof.apply_lease set rules_on = true');
  await run.source.query(`begin; truncate item; insert into item values (11, '1'), (12, 'bad'), (13, '13'); commit`);
  await run.catchUp();
  const rejected = await run.target.query('select source_key from rowproof.quarantine order by 1');
  expect(rejected).toEqual([{ source_key: '["12"]' }, { source_key: '["13"]' }]);
  expect(await run.target.query('select source_key from rowproof.touched order by 1')).toEqual([
    { source_key: '["11"]' },
    ...rejected,
  ]);
});
