import { openFollowedRun, type FollowedRun } from './followed-run';

let run: FollowedRun;
afterEach(async () => {
  await run.drop();
});

test('Two sources of a plan that are one database have a change log each, and every change arrives', async () => {
  run = await openFollowedRun({
    source: `create table item (id int primary key, n text); insert into item select g, 'i' || g from generate_series(1, 20) g`,
    second: `create table place (id int primary key, n text); insert into place select g, 'p' || g from generate_series(1, 20) g`,
    sharedSource: true,
    target: 'create table item (id int primary key, n text); create table place (id int primary key, n text)',
    mappings: [
      { name: 'item', columns: [{ target: 'id' }, { target: 'n' }] },
      { name: 'place', source: 'second', columns: [{ target: 'id' }, { target: 'n' }] },
    ],
  });
  await run.source.query(`update item set n = 'new' where id = 3; delete from place where id = 5`);
  const logs = (await run.source.query(
    `select tablename from pg_tables where schemaname = 'rowproof' and tablename like 'change%'`,
  )) as { tablename: string }[];
  expect(logs).toHaveLength(2);
  for (const { tablename } of logs) {
    const changes = await run.source.query(`select relation from rowproof.${tablename}`);
    expect([tablename, changes.length]).toEqual([tablename, 1]);
  }
  await run.catchUp();
  for (const table of ['item', 'place']) {
    const sql = `select * from ${table} order by id`;
    expect(await run.target.query(sql)).toEqual(await run.source.query(sql));
  }
});
