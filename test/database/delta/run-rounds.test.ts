import { align } from '../../../src/engine/follow/align';
import { bothSides, openFollowedRun, people, type FollowedRun } from './followed-run';

let run: FollowedRun;
afterEach(async () => {
  await run.drop();
});

async function expectEqual(): Promise<void> {
  const [source, target] = await bothSides(run, 'people', 'id, name, email');
  expect(target).toEqual(source);
}

test('Rounds go on until the target caught up, and say what is behind', async () => {
  run = await openFollowedRun({ ...people, delta: { roundKeys: 100 } });
  await run.source.query(`update people set name = 'x'`);
  const report = await run.delta.runRounds({ ref: run.ref, forMs: 60_000, untilCaughtUp: true });
  expect(report).toMatchObject({ rounds: 5, keys: 500, pending: 0, caughtUp: true, throttled: null, newFindings: [] });
  expect(report.lag).toEqual({ changes: 0, seconds: 0, walBytes: 0 });
  await expectEqual();
});

test('Following ends when its time is over, and says what came in meanwhile', async () => {
  run = await openFollowedRun(people);
  const following = run.delta.runRounds({ ref: run.ref, forMs: 1_500, untilCaughtUp: false });
  await run.source.query(`update people set name = 'y' where id < 100`);
  await following;
  await run.delta.runRounds({ ref: run.ref, forMs: 60_000, untilCaughtUp: true });
  await expectEqual();
});

test('An alignment in between takes the lease: following returns as usual and can go on', async () => {
  run = await openFollowedRun(people);
  const following = run.delta.runRounds({ ref: run.ref, forMs: 30_000, untilCaughtUp: false });
  for (;;) {
    const [lease] = await run.target.query<{ owner: string | null }>(
      `select owner from rowproof.apply_lease where lease = 'delta'`,
    );
    if (lease?.owner != null) break;
  }
  const alignment = await align(run.host, run.ref, 'test');
  expect(await following).toMatchObject({ caughtUp: false });
  await alignment.close();
  await run.source.query(`update people set name = 'z' where id = 1`);
  await run.delta.runRounds({ ref: run.ref, forMs: 60_000, untilCaughtUp: true });
  await expectEqual();
});

test('A throttle holds rounds back while its number is high, and stops them above its limit', async () => {
  run = await openFollowedRun({
    ...people,
    source: `${people.source}; create table load (n int); insert into load values (50)`,
    delta: {
      throttle: {
        query: 'select n from public.load',
        pauseAbove: 10,
        abortAbove: 100,
        maxReplicaLagMs: 60_000,
        abortReplicaLagMs: 90_000,
        maxLockWaits: 1_000,
        abortLockWaits: 2_000,
      },
    },
  });
  await run.source.query(`update people set name = 't' where id = 1`);
  const deferred = await run.delta.runRounds({ ref: run.ref, forMs: 300, untilCaughtUp: true });
  expect(deferred).toMatchObject({
    rounds: 0,
    caughtUp: false,
    throttled: expect.stringContaining('gives 50') as string,
  });
  expect(deferred.lag.changes).toBe(1);
  await run.source.query('update load set n = 200');
  await expect(run.delta.runRounds({ ref: run.ref, forMs: 300, untilCaughtUp: true })).rejects.toMatchObject({
    code: 'RP5408',
  });
  await run.source.query('update load set n = null');
  await expect(run.delta.runRounds({ ref: run.ref, forMs: 300, untilCaughtUp: true })).rejects.toMatchObject({
    code: 'RP5409',
  });
  await run.source.query('update load set n = 1');
  await run.delta.runRounds({ ref: run.ref, forMs: 60_000, untilCaughtUp: true });
  await expectEqual();
});

test('A capture that is not what it was stops the leases by name, and nothing is applied', async () => {
  run = await openFollowedRun(people);
  await run.source.query(`alter table people disable trigger all; update people set name = 'unseen' where id = 1`);
  await expect(run.delta.runRounds({ ref: run.ref, forMs: 60_000, untilCaughtUp: true })).rejects.toMatchObject({
    code: 'RP5402',
  });
  expect(await run.target.query(`select state, reason is not null as named from rowproof.apply_lease`)).toEqual([
    { state: 'stopped', named: true },
    { state: 'stopped', named: true },
  ]);
});

test('A new column of the source is a finding that is told at once and until it is decided, whoever met it; following goes on', async () => {
  run = await openFollowedRun({
    ...people,
    mappings: people.mappings.map((mapping) => ({ ...mapping, unmappedSourceColumns: 'error' })),
  });
  await run.source.query(`alter table people add column age int; update people set name = 'n' where id = 1`);
  // not at the end of the slice
  const began = performance.now();
  const report = await run.delta.runRounds({ ref: run.ref, forMs: 25_000, untilCaughtUp: false });
  expect(report.newFindings).toEqual(['people.age.new_column']);
  expect(performance.now() - began).toBeLessThan(20_000);
  await expectEqual();
  await run.source.query(`alter table people add column size int; update people set name = 'm' where id = 1`);
  // a drill or a proof makes rounds as well
  await run.round();
  const names = ['people.age.new_column', 'people.size.new_column'];
  expect(await run.delta.runRounds({ ref: run.ref, forMs: 100, untilCaughtUp: true })).toMatchObject({
    newFindings: names,
  });
  for (const name of names)
    await run.target.query(
      `insert into rowproof.decision (run, finding, action, reason, decided_by, origin)
       values ('${run.ref.run}', '${name}', 'accept', 'known', 'ana', 'operator')`,
    );
  expect(await run.delta.runRounds({ ref: run.ref, forMs: 100, untilCaughtUp: true })).toMatchObject({
    newFindings: [],
  });
  await expectEqual();
});

test('A target that is restored to an earlier state goes on from there and converges', async () => {
  run = await openFollowedRun(people);
  await run.source.query(`update people set name = 'before' where id < 10`);
  await run.round();
  const [kept] = await run.target.query<{ rows: string }>(
    `select json_build_object('people', (select json_agg(p) from people p), 'cursor', (select json_agg(c) from rowproof.cursor c))::text as rows`,
  );
  await run.source.query(`delete from people where id < 50; update people set name = 'after' where id > 400;
    insert into people values (1000, 'new', null)`);
  await run.round();
  await run.target.query('truncate people');
  await run.target.query(
    `insert into people select * from json_populate_recordset(null::people, $1::json -> 'people')`,
    [kept?.rows],
  );
  await run.target.query(
    `update rowproof.cursor c set snapshot = r.snapshot from json_populate_recordset(null::rowproof.cursor, $1::json -> 'cursor') r`,
    [kept?.rows],
  );
  await run.round();
  await expectEqual();
});
