import { align } from '../../../src/engine/follow/align';
import { drain } from '../../../src/engine/follow/drain';
import { LeaseHolder } from '../../../src/engine/follow/apply-lease';
import { runRound } from '../../../src/engine/follow/run-round';
import { openFollowedRun, people, type FollowedRun } from './followed-run';

let run: FollowedRun;
afterEach(async () => {
  await run.drop();
});

/** Writes of an application until the returned function is called. */
function write(statement: (turn: number) => string): () => Promise<number> {
  let going = true;
  let turns = 0;
  const application = (async () => {
    for (; going; turns += 1) await run.source.query(statement(turns));
  })();
  return async () => {
    going = false;
    await application;
    return turns;
  };
}

const busy = (turn: number): string => {
  const id = 1 + ((turn * 37) % 500);
  if (turn % 4 === 0) return `update people set name = 'w${turn}' where id between ${id} and ${id + 20}`;
  if (turn % 4 === 1) return `delete from people where id = ${id}`;
  if (turn % 4 === 2) return `insert into people values (${1_000 + turn}, 'i${turn}', null)`;
  return `update people set id = -id where id between ${id} and ${id + 3} and not exists (select 1 from people p where p.id = -people.id)`;
};

test('At every alignment under a writer the target is the source, and rounds go on while it is open', async () => {
  run = await openFollowedRun(people);
  const stop = write(busy);
  const sql = 'select id, name, email from public.people order by id';
  for (let looked = 0; looked < 8; looked += 1) {
    const alignment = await align(run.host, run.ref, 'test');
    const going = await run.catchUp();
    const [source] = [...alignment.sources.values()];
    const expected = await source?.session.query(sql);
    const actual = await alignment.target.session.query(sql);
    expect(actual.rows).toEqual(expected?.rows);
    expect(going.round).toBeGreaterThanOrEqual(alignment.round);
    await alignment.close();
  }
  expect(await stop()).toBeGreaterThan(0);
  await drain(run.host, run.ref, () => undefined);
  expect(await run.target.query(sql)).toEqual(await run.source.query(sql));
});

test('Further sessions see what an alignment sees by its exported snapshots', async () => {
  run = await openFollowedRun(people);
  const alignment = await align(run.host, run.ref, 'test');
  await run.source.query(`delete from people`);
  await run.catchUp();
  const { compiled } = await run.databases.run(run.ref);
  const source = await run.databases.source(compiled, 'legacy', 'test');
  const target = await run.databases.ledger(run.ref, 'test');
  for (const [session, id] of [
    [source, alignment.sources.get('legacy')?.snapshotId],
    [target, alignment.target.snapshotId],
  ] as const) {
    await session.query(`begin isolation level repeatable read read only; set transaction snapshot '${id}'`);
    expect((await session.query('select count(*)::text as n from public.people')).rows).toEqual([{ n: '500' }]);
    await session.close();
  }
  await alignment.close();
  expect(await run.target.query('select count(*)::int n from people')).toEqual([{ n: 0 }]);
});

test('An alignment gives the lease back, and a holder that it took the lease from fails its fence', async () => {
  run = await openFollowedRun(people);
  const holder = await LeaseHolder.open(run.host, run.ref, 'test');
  const alignment = await align(run.host, run.ref, 'test');
  await run.source.query(`update people set name = 'x' where id = 1`);
  await expect(runRound(holder, { limit: 10, heartbeat: () => undefined })).rejects.toMatchObject({ code: 'RP5401' });
  expect(await run.target.query(`select owner from rowproof.apply_lease where lease = 'delta'`)).toEqual([
    { owner: null },
  ]);
  await alignment.close();
  await holder.end(false);
});

test('Draining takes what waits and what changed, however little a round takes', async () => {
  run = await openFollowedRun({ ...people, delta: { roundKeys: 50 } });
  await run.source.query(`update people set name = 'drained'`);
  expect(await drain(run.host, run.ref, () => undefined)).toMatchObject({ keys: 500, round: 10 });
  expect(await run.target.query(`select count(*)::int n from people where name = 'drained'`)).toEqual([{ n: 500 }]);
});
