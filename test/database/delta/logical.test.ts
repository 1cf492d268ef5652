import { Client } from 'pg';
import { align } from '../../../src/engine/follow/align';
import { drain } from '../../../src/engine/follow/drain';
import { readLag } from '../../../src/engine/follow/read-lag';
import { LeaseHolder } from '../../../src/engine/follow/apply-lease';
import { bothSides, openFollowedRun, people, type FollowedRun } from './followed-run';

let run: FollowedRun;
afterEach(async () => {
  await run.capture.removeCapture(run.ref);
  await run.drop();
});

async function expectEqual(): Promise<void> {
  const [source, target] = await bothSides(run, 'people', 'id, name, email');
  expect(target).toEqual(source);
}

test('What a slot delivers arrives in rounds: updates, key changes, deletes, TRUNCATE, prepared transactions', async () => {
  run = await openFollowedRun({ ...people, capture: 'logical' }, `update people set name = 'during' where id = 3`);
  await run.round();
  await expectEqual();
  await run.source.query(
    `update people set id = id + 1000 where id <= 5; delete from people where id = 9; insert into people values (9, 'again', null)`,
  );
  expect(await run.round()).toMatchObject({ complete: true });
  await expectEqual();
  await run.source.query(`begin; delete from people where id = 10; prepare transaction '${run.source.name}'`);
  await run.source.query(`update people set name = 'now' where id = 11`);
  await run.round();
  await run.source.query(`commit prepared '${run.source.name}'`);
  await run.round();
  await expectEqual();
  await run.source.query(`truncate people; insert into people values (1, 'one', null)`);
  await run.catchUp();
  await expectEqual();
});

test('More than a round takes waits in pending, and the drain takes all of it', async () => {
  run = await openFollowedRun({ ...people, capture: 'logical', delta: { roundKeys: 100 } });
  await run.source.query(`update people set name = 'many'`);
  expect(await run.round(100)).toMatchObject({ keys: 100, complete: false });
  await run.source.query(`delete from people where id > 450`);
  await drain(run.host, run.ref, () => undefined);
  await expectEqual();
  expect(await run.target.query('select count(*)::int n from rowproof.pending')).toEqual([{ n: 0 }]);
});

test.each(['triggers', 'logical'] as const)('With %s the lag counts each key that waits once', async (capture) => {
  run = await openFollowedRun({ ...people, capture, delta: { roundKeys: 100 } });
  await run.source.query(`update people set name = 'many'`);
  await run.round(100);
  const behind = async (): ReturnType<typeof readLag> => {
    const holder = await LeaseHolder.open(run.host, run.ref, 'test');
    return readLag(holder).finally(() => holder.end(true));
  };
  const [waiting] = await run.target.query<{ n: number }>('select count(*)::int n from rowproof.pending');
  const n = waiting?.n as number;
  expect(n).toBeGreaterThan(0);
  expect(await behind()).toMatchObject({ lag: { changes: n }, pending: n });
  // what came since is behind as well: marks on the source say so at once, a log only how long it is
  await run.source.query(`update people set email = 'e' where id <= 30`);
  const { lag } = await behind();
  expect(lag.seconds).toBeGreaterThan(0);
  if (capture === 'triggers') expect(lag).toMatchObject({ changes: n + 30, walBytes: 0 });
  else expect(lag.walBytes).toBeGreaterThan(0);
});

test('At every alignment under a writer the target is the source', async () => {
  run = await openFollowedRun({ ...people, capture: 'logical' });
  let going = true;
  const application = (async () => {
    for (let turn = 0; going; turn += 1)
      await run.source.query(
        `update people set name = 'w${turn}' where id % 50 = ${turn % 50}; delete from people where id = ${turn % 500};
         insert into people values (${1_000 + turn}, 'i', null)`,
      );
  })();
  const sql = 'select id, name, email from public.people order by id';
  for (let looked = 0; looked < 5; looked += 1) {
    const alignment = await align(run.host, run.ref, 'test');
    const expected = await alignment.sources.get('legacy')?.session.query(sql);
    expect((await alignment.target.session.query(sql)).rows).toEqual(expected?.rows);
    await alignment.close();
  }
  going = false;
  await application;
});

test('A key that is touched again and again is at every alignment what the snapshot saw', async () => {
  run = await openFollowedRun({ ...people, capture: 'logical' });
  let going = true;
  const client = new Client({ connectionString: run.source.url });
  await client.connect();
  const application = (async () => {
    for (let turn = 0; going; turn += 1) await client.query(`update people set name = 'turn ${turn}' where id = 7`);
  })();
  const sql = 'select name from public.people where id = 7';
  for (let looked = 0; looked < 8; looked += 1) {
    const alignment = await align(run.host, run.ref, 'test');
    const expected = await alignment.sources.get('legacy')?.session.query(sql);
    expect((await alignment.target.session.query(sql)).rows).toEqual(expected?.rows);
    await alignment.close();
  }
  going = false;
  await application;
  await client.end();
});

test.each([
  ['a partition was detached', `alter table part detach partition part_b; update part_b set v = 'elsewhere'`],
  [
    'a partition was detached, changed and attached again',
    `begin; alter table part detach partition part_b; update part_b set v = 'changed'; delete from part_b where id = 11;
     alter table part attach partition part_b for values from (10) to (20); commit`,
  ],
])('Once %s, resync reads everything again, and the rows are equal', async (_, sql) => {
  run = await openFollowedRun({
    capture: 'logical',
    source: `create table part (id int primary key, v text) partition by range (id);
      create table part_a partition of part for values from (0) to (10);
      create table part_b partition of part for values from (10) to (20);
      insert into part select g, 'v' || g from generate_series(0, 19) g`,
    target: 'create table part (id int primary key, v text)',
    mappings: [{ name: 'part', columns: [{ target: 'id' }, { target: 'v' }] }],
  });
  const equal = async (): Promise<void> => {
    const [source, target] = await bothSides(run, 'part', 'id, v');
    expect(target).toEqual(source);
  };
  await run.round();
  await equal();
  await run.source.query(sql);
  await expect(run.round()).rejects.toMatchObject({ code: 'RP5402' });
  expect(await run.capture.resyncCapture({ ref: run.ref, by: 'ann', reason: 'the partition is known' })).toEqual({
    relations: 1,
  });
  await run.source.query(`update part set v = 'after' where id = 3`);
  await run.catchUp();
  await equal();
  const [row] = await run.target.query<{ v: string }>('select v from part where id = 3');
  expect(row?.v).toBe('after');
});
