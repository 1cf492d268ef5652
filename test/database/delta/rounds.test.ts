import { LeaseHolder } from '../../../src/engine/follow/apply-lease';
import { runRound } from '../../../src/engine/follow/run-round';
import { bothSides, openFollowedRun, people, type FollowedRun } from './followed-run';

let run: FollowedRun;
afterEach(async () => {
  await run.drop();
});

async function expectEqual(columns = 'id, name, email'): Promise<void> {
  const [source, target] = await bothSides(run, 'people', columns);
  expect(target).toEqual(source);
}

test('What changed during the copy is right after the first round', async () => {
  run = await openFollowedRun(
    people,
    `update people set name = 'new' where id < 10; delete from people where id = 20; insert into people values (900, 'x', 'y')`,
  );
  const outcome = await run.round();
  expect(outcome).toMatchObject({ round: 1, complete: true, keys: 11 });
  await expectEqual();
});

test('Updates, key changes, deletes and inserts arrive, each in the round that sees it', async () => {
  run = await openFollowedRun(people);
  await run.source.query(`update people set id = id + 1000 where id <= 5`);
  expect(await run.round()).toMatchObject({ round: 1, keys: 10 });
  await expectEqual();
  await run.source.query(`delete from people where id > 1000; insert into people values (1, 'back', null)`);
  expect(await run.round()).toMatchObject({ round: 2 });
  await expectEqual();
});

test('A round without changes writes no round', async () => {
  run = await openFollowedRun(people);
  expect(await run.round()).toMatchObject({ round: 0, keys: 0, complete: true });
  expect(await run.target.query('select count(*)::int n from rowproof.round')).toEqual([{ n: 0 }]);
});

test('A TRUNCATE empties the target, and what is inserted afterwards arrives', async () => {
  run = await openFollowedRun(people);
  await run.source.query(`truncate people; insert into people values (7, 'seven', null)`);
  await run.catchUp();
  await expectEqual();
});

test('More changes than a round takes wait in pending and are applied in bounded rounds', async () => {
  run = await openFollowedRun(people);
  await run.source.query(`update people set name = name || '!'`);
  expect(await run.round(100)).toMatchObject({ keys: 0, complete: false });
  expect(await run.target.query('select count(*)::int n from rowproof.pending')).toEqual([{ n: 500 }]);
  expect(await run.round(100)).toMatchObject({ keys: 100, complete: false });
  expect(await run.target.query('select count(*)::int n from rowproof.pending')).toEqual([{ n: 400 }]);
  await run.source.query(`delete from people where id > 490`);
  await run.catchUp(100);
  await expectEqual();
  expect(await run.target.query('select count(*)::int n from rowproof.pending')).toEqual([{ n: 0 }]);
});

test('A transaction that stays open does not hold rounds back, and arrives once it commits', async () => {
  run = await openFollowedRun(people);
  const open = await run.databases.source((await run.databases.run(run.ref)).compiled, 'legacy', 'application');
  await open.query('begin');
  await open.query(`update public.people set name = 'late' where id = 1; savepoint s;
    update public.people set name = 'never' where id = 2; rollback to savepoint s; savepoint t; update public.people set name = 'sub' where id = 3`);
  await run.source.query(`update public.people set name = 'early' where id = 4`);
  expect(await run.round()).toMatchObject({ keys: 1, complete: true });
  await expectEqual();
  await open.query('commit');
  expect(await run.round()).toMatchObject({ keys: 2, complete: true });
  await expectEqual();
  await open.close();
});

test('A prepared transaction arrives when it is committed, however many rounds went by', async () => {
  run = await openFollowedRun(people);
  await run.source.query(
    `begin; update people set name = 'prepared' where id = 1; prepare transaction '${run.source.name}'`,
  );
  await run.source.query(`update people set name = 'now' where id = 2`);
  await run.round();
  await run.source.query(`update people set name = 'then' where id = 3`);
  await run.round();
  await run.source.query(`commit prepared '${run.source.name}'`);
  expect(await run.round()).toMatchObject({ keys: 1 });
  await expectEqual();
});

test('Two sources are followed in one round', async () => {
  run = await openFollowedRun({
    ...people,
    second: `create table place (id int primary key, name text); insert into place values (1, 'a')`,
    target: `${people.target}; create table place (id int primary key, name text)`,
    mappings: [
      ...people.mappings,
      { name: 'place', source: 'second', columns: [{ target: 'id' }, { target: 'name' }] },
    ],
  });
  await run.source.query(`update people set name = 'q' where id = 1`);
  await run.second?.query(`update place set name = 'b'`);
  expect(await run.round()).toMatchObject({ round: 1, keys: 2, complete: true });
  expect(await run.target.query('select name from place union all select name from people where id = 1')).toEqual([
    { name: 'b' },
    { name: 'q' },
  ]);
});

test('A TRUNCATE between the snapshot and the reading is noticed: the round is made again with a snapshot that sees it', async () => {
  run = await openFollowedRun(people);
  await run.source.query(`update people set name = 'x' where id = 1`);
  const holder = await LeaseHolder.open(run.host, run.ref, 'test');
  const source = await holder.source('legacy');
  const query = source.query.bind(source);
  let truncated = false;
  source.query = (async (sql: string, values?: readonly unknown[]) => {
    if (!truncated && sql.startsWith('savepoint')) {
      truncated = true;
      await run.source.query('truncate people');
    }
    return query(sql, values);
  }) as typeof source.query;
  expect(await runRound(holder, { limit: 10, heartbeat: () => undefined })).toMatchObject({ complete: true });
  await holder.end(true);
  await expectEqual();
});
