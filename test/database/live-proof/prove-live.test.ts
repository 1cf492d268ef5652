import { liveProofState } from '../../../src/postgres/ledger/proof/proof-alignment';
import { busyWrite, openFollowedRun, type FollowedRun } from './followed-run';

jest.setTimeout(120_000);

let run: FollowedRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const none = { mismatch: 0, missing: 0, extraneous: 0, duplicate: 0, unverifiable: 0 };

async function stateOf(followed: FollowedRun): ReturnType<typeof liveProofState> {
  const session = await followed.databases.ledger(followed.ref, 'test');
  try {
    return await liveProofState(session, followed.ref.run);
  } finally {
    await session.close();
  }
}

test('A source that is written to gives no alarm, however many alignments the proof takes', async () => {
  run = await openFollowedRun({ sliceRows: 250, maxSnapshotAgeMs: 1 });
  expect(await stateOf(run)).toMatchObject({ green: false });
  const stop = run.follow((turn) => busyWrite(turn));
  const summary = await run.proof.proveLive({ ref: run.ref, mapping: 'item' });
  const writes = await stop();
  expect(summary).toMatchObject(none);
  expect(writes).toBeGreaterThan(20);
  expect(run.rounds.alignments).toBeGreaterThanOrEqual(8);
  const [aligned] = await run.target.query<{ rounds: string; slices: string }>(
    'select count(distinct round)::text as rounds, count(*)::text as slices from rowproof.proof_alignment',
  );
  expect(aligned).toEqual({ rounds: '8', slices: '8' });
  expect(await stateOf(run)).toEqual({ green: true, problems: [] });
});

test('Slices share one alignment while it is young enough', async () => {
  run = await openFollowedRun({ sliceRows: 250 });
  await run.proof.proveLive({ ref: run.ref, mapping: 'item' });
  expect(run.rounds.alignments).toBe(1);
});

test('Each fault planted in the target while rounds go on is seen at two alignments and stored without values', async () => {
  run = await openFollowedRun({ sliceRows: 1000 });
  const faults: [string, Record<string, number>][] = [
    [`delete from item where id = 7`, { missing: 1 }],
    [`insert into item values (999999, 'never there', 1, '')`, { extraneous: 1 }],
    [`update item set name = name || ' ' where id = 7`, { mismatch: 1 }],
    [`update item set name = 'Item 8', qty = 8, code = 'c8' where id = 7`, { mismatch: 1 }],
    [
      `update item a set name = b.name, qty = b.qty, code = b.code from item b
      where (a.id, b.id) in ((7, 8), (8, 7))`,
      { mismatch: 2 },
    ],
    [`insert into item values (51, 'Item 51', 51, 'c51')`, { extraneous: 1 }],
    [`delete from rowproof.quarantined where source_key = '["51"]'`, { mismatch: 1 }],
  ];
  // only rows that no fault is planted in
  const stop = run.follow((turn) => busyWrite(turn, 61));
  try {
    for (const [sql, seen] of faults) {
      const before = run.rounds.alignments;
      await run.target.query(`create table kept as select * from item where id in (7, 8, 51, 999999)`);
      await run.target.query(`create table kept_q as select * from rowproof.quarantined where source_key = '["51"]'`);
      await run.target.query(sql);
      expect([sql, await run.proof.proveLive({ ref: run.ref, mapping: 'item' })]).toMatchObject([
        sql,
        { ...none, ...seen },
      ]);
      expect(run.rounds.alignments - before).toBeGreaterThanOrEqual(2);
      expect(await stateOf(run)).toMatchObject({ green: false });
      const stored = await run.target.query('select class, target_key from rowproof.difference');
      expect(stored).toHaveLength(Object.values(seen).reduce((sum, rows) => sum + rows, 0) + extraColumns(sql));
      await run.target.query(`delete from item where id in (7, 8, 51, 999999)`);
      await run.target.query(`insert into item select * from kept`);
      await run.target.query(`delete from rowproof.quarantined where source_key = '["51"]'`);
      await run.target.query(`insert into rowproof.quarantined select * from kept_q`);
      await run.target.query(`drop table kept, kept_q`);
    }
    expect(await run.proof.proveLive({ ref: run.ref, mapping: 'item' })).toMatchObject(none);
  } finally {
    await stop();
  }
});

/** A difference is stored by column. */
function extraColumns(sql: string): number {
  if (sql.includes('item b')) return 4;
  return sql.includes(`'Item 8'`) ? 2 : 0;
}

test('What a later round mends between two alignments is not reported', async () => {
  run = await openFollowedRun();
  await run.target.query(`update item set code = 'stale' where id = 7`);
  let first = true;
  const { rounds, source } = run;
  const proof = run.again({
    align: async () => {
      // the second look comes after a change of that very row
      if (!first) await source.query(`update item set code = 'fresh' where id = 7`);
      first = false;
      return rounds.align();
    },
    lastHeartbeat: () => undefined,
  });
  expect(await proof.proveLive({ ref: run.ref, mapping: 'item' })).toMatchObject(none);
  expect(rounds.alignments).toBe(2);
});

test('A retry keeps the division of the pass and goes on after the slices that are stored', async () => {
  run = await openFollowedRun({ sliceRows: 400, maxSnapshotAgeMs: 1 });
  const { rounds } = run;
  let left = 3;
  const dying = run.again({
    align: () => {
      left -= 1;
      return left < 0 ? Promise.reject(new Error('the lease was taken')) : rounds.align();
    },
    lastHeartbeat: () => undefined,
  });
  await expect(dying.proveLive({ ref: run.ref, mapping: 'item' })).rejects.toThrow('the lease was taken');
  const stored = () => run?.target.query('select slice, slices, proved_at::text from rowproof.proof order by slice');
  const before = await stored();
  expect(before).toHaveLength(3);
  expect(await stateOf(run)).toMatchObject({ green: false, problems: ['item: 3 of 5 slices proved'] });
  // more rows would be divided otherwise by a new pass
  await run.source.query(`insert into item select g, 'x', '1', true, '' from generate_series(5001, 7000) g`);
  expect(await run.again().proveLive({ ref: run.ref, mapping: 'item' })).toMatchObject(none);
  const after = await stored();
  expect(after).toHaveLength(5);
  expect(after?.slice(0, 3)).toEqual(before);
  expect(rounds.alignments).toBe(5);
});
