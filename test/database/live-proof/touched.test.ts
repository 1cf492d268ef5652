import { Client } from 'pg';
import { proveTouched, refreshProof, type TouchedProof } from '../../../src/engine/proof/live/touched-keys';
import { liveProofState } from '../../../src/postgres/ledger/proof/proof-alignment';
import { forgetTouched } from '../../../src/postgres/ledger/proof/proof-touched';
import { busyWrite, openFollowedRun, type FollowedRun } from './followed-run';

jest.setTimeout(120_000);

let run: FollowedRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

async function proved(more: Parameters<typeof openFollowedRun>[1] = {}): Promise<FollowedRun> {
  run = await openFollowedRun({}, more);
  await run.proof.proveLive({ ref: run.ref, mapping: 'item' });
  return run;
}

/** What the tables' statistics say was read by a scan of the whole table. */
async function scans({ source, target }: FollowedRun): Promise<string[]> {
  const read = async (side: FollowedRun['source']): Promise<string> => {
    const [row] = await side.query<{ n: string }>(
      `select seq_scan::text as n from pg_stat_user_tables where relname = 'item'`,
    );
    return row?.n ?? '';
  };
  return Promise.all([read(source), read(target)]);
}

test('Under the barrier every key that changed since the full proof is proved again, by key alone', async () => {
  const { source, rounds, host, ref } = await proved({
    source: `insert into item select g, 'more', '1', true, 'x' from generate_series(100001, 130000) g; analyze item;`,
  });
  const before = await scans(run as FollowedRun);
  expect(await proveTouched(host, ref)).toEqual({ keys: 0, differences: 0, where: [] });
  for (let turn = 0; turn < 60; turn += 1) await source.query(busyWrite(turn));
  await rounds.round();
  const [changed] = await (run as FollowedRun).target.query<{ n: string }>(
    `select (select count(*) from rowproof.touched) + (select count(*) from rowproof.touched_target) as n`,
  );
  const afterRound = await scans(run as FollowedRun);
  expect(await proveTouched(host, ref)).toEqual({ keys: Number(changed?.n), differences: 0, where: [] });
  expect(Number(changed?.n)).toBeGreaterThan(50);
  expect(before).toHaveLength(2);
  expect(await scans(run as FollowedRun)).toEqual(afterRound);
});

test('Faults planted after the full proof are found where keys changed, and nowhere else is anything read', async () => {
  const { source, target, rounds, host, ref } = await proved();
  await source.query(`update item set code = 'now' where id in (11, 12, 13, 14, 15)`);
  await source.query(`delete from item where id in (21, 22)`);
  await source.query(`update item set active = false where id = 23`);
  await source.query(`update item set qty = 'none' where id in (24, 25)`);
  await rounds.round();
  const look = (): Promise<TouchedProof> => proveTouched(host, ref);
  expect(await look()).toMatchObject({ differences: 0 });
  const faults: [string, number][] = [
    [`update item set code = 'old' where id = 11`, 1],
    [`delete from item where id = 12`, 1],
    [`update item a set name = b.name, qty = b.qty from item b where (a.id, b.id) in ((13, 14), (14, 13))`, 2],
    // it left and stands there again
    [`insert into item values (21, 'Item 21', 21, 'c21')`, 1],
    [`insert into item values (23, 'Item 23', 23, 'c23')`, 1],
    [`insert into item values (24, 'Item 24', 24, 'c24')`, 1],
    [`delete from rowproof.quarantined where source_key = '["25"]'`, 1],
    [`update item set code = 'untouched' where id = 99`, 0],
    [`delete from item where id = 98`, 0],
  ];
  for (const [sql, seen] of faults) {
    await target.query(
      `create table kept as select * from item; create table kept_q as select * from rowproof.quarantined`,
    );
    await target.query(sql);
    const { differences } = await look();
    expect([sql, differences]).toEqual([sql, seen]);
    const stored = await target.query('select slice from rowproof.difference');
    expect([sql, stored.length > 0]).toEqual([sql, seen > 0]);
    await target.query(`truncate item; insert into item select * from kept; drop table kept;
      delete from rowproof.quarantined; insert into rowproof.quarantined select * from kept_q; drop table kept_q`);
  }
  expect(await look()).toMatchObject({ differences: 0 });
  expect(await target.query('select * from rowproof.difference')).toEqual([]);
});

test('A key that left is looked for although no source key is noted for it', async () => {
  const { source, target, rounds, host, ref } = await proved();
  await source.query(`delete from item where id = 21`);
  await rounds.round();
  await target.query(`delete from rowproof.touched`);
  await target.query(`insert into item values (21, 'Item 21', 21, 'c21')`);
  expect(await proveTouched(host, ref)).toMatchObject({
    keys: 1,
    differences: 1,
    where: [expect.stringContaining('public.')],
  });
  await target.query(`delete from rowproof.touched_target`);
  await target.query(`insert into rowproof.touched values ($1, 'item', '["21"]', 9)`, [ref.run]);
  expect(await proveTouched(host, ref)).toMatchObject({
    keys: 1,
    differences: 1,
    where: [expect.stringContaining('public.')],
  });
});

test('A refresh while rounds go on leaves only what changed after it', async () => {
  const { target, rounds, host, ref, follow } = await proved();
  const stop = follow((turn) => busyWrite(turn));
  for (let turn = 0; turn < 3; turn += 1) expect(await refreshProof(host, ref)).toMatchObject({ differences: 0 });
  await stop();
  await rounds.round();
  await refreshProof(host, ref);
  expect(await proveTouched(host, ref)).toEqual({ keys: 0, differences: 0, where: [] });
  const [left] = await target.query<{ n: string }>(
    `select (select count(*) from rowproof.touched) + (select count(*) from rowproof.touched_target) as n`,
  );
  expect(left?.n).toBe('0');
  const ledger = await (run as FollowedRun).databases.ledger(ref, 'test');
  try {
    expect(await liveProofState(ledger, ref.run)).toMatchObject({ green: true });
  } finally {
    await ledger.close();
  }
});

test('A key that a round touches again while it would be forgotten stays', async () => {
  const { target, databases, ref } = await proved();
  await target.query(
    `insert into rowproof.touched select $1, 'item', jsonb_build_array(n::text)::text, 3 from generate_series(1, 40) n`,
    [ref.run],
  );
  const ledger = await databases.ledger(ref, 'test');
  const round = new Client({ connectionString: target.url });
  await round.connect();
  try {
    await round.query(`begin; update rowproof.touched set round = 9 where source_key in ('["7"]', '["31"]')`);
    const forgotten = forgetTouched(ledger, ref.run, 'item', 5);
    for (;;) {
      const { rowCount } = await round.query('select from pg_locks where not granted');
      if (rowCount !== null && rowCount > 0) break;
    }
    await round.query('commit');
    await forgotten;
    expect(await target.query('select source_key, round::int from rowproof.touched order by 1')).toEqual([
      { source_key: '["31"]', round: 9 },
      { source_key: '["7"]', round: 9 },
    ]);
  } finally {
    await round.end();
    await ledger.close();
  }
});

test('A refresh that finds a difference at two alignments stores it and moves nothing', async () => {
  const { source, target, rounds, host, ref } = await proved();
  await source.query(`update item set code = 'now' where id = 11`);
  await rounds.round();
  await target.query(`update item set code = 'old' where id = 11`);
  const before = rounds.alignments;
  expect(await refreshProof(host, ref)).toMatchObject({
    keys: 1,
    differences: 1,
    where: [expect.stringContaining('public.')],
  });
  expect(rounds.alignments - before).toBe(2);
  expect(await target.query('select class, column_name, target_key from rowproof.difference')).toEqual([
    { class: 'mismatch', column_name: 'code', target_key: '["11"]' },
  ]);
  expect(await proveTouched(host, ref)).toMatchObject({
    keys: 1,
    differences: 1,
    where: [expect.stringContaining('public.')],
  });
});
