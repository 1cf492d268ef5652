import { ownCluster } from '../../support/postgres/own-cluster';
import { mappingOf, openLogicalRun, type LogicalRun } from './logical-run';

let run: LogicalRun;
let cluster: Awaited<ReturnType<typeof ownCluster>>;

beforeAll(async () => {
  cluster = await ownCluster();
  run = await openLogicalRun({
    source: `create table item (id int primary key, body text, other text);
      create table pair (a text, b int, note text, primary key (a, b));
      create table whole (id int primary key, note text);
      alter table whole replica identity full;
      create table byindex (id int primary key, code text not null unique, note text);
      alter table byindex replica identity using index byindex_code_key;
      create table flag (k boolean, c char(5), i inet, t timestamptz, f float8, y bytea, s interval, primary key (k, c, i, t, f, y, s), note text);
      create table part (id int, region text, note text, primary key (id, region)) partition by list (region);
      create table part_north partition of part for values in ('n');
      create table part_south (note text, region text not null, id int not null, primary key (id, region));
      alter table part attach partition part_south for values in ('s');
      create table side (id int primary key);`,
    mappings: [
      mappingOf('item', ['id', 'body']),
      mappingOf('pair', ['a', 'b', 'note']),
      mappingOf('whole', ['id', 'note']),
      mappingOf('byindex', ['id', 'code', 'note'], { key: ['code'] }),
      mappingOf('flag', ['k', 'c', 'i', 't', 'f', 'y', 's', 'note']),
      mappingOf('part', ['id', 'region', 'note']),
    ],
  });
  await run.capture.installCapture(run.ref);
});

afterAll(async () => {
  await run?.drop();
  await cluster?.stop();
});

beforeEach(async () => {
  await run.pull();
  await run.forget();
});

async function after(sql: string): Promise<string[]> {
  await run.source.query(sql);
  await run.pull();
  return run.pending();
}

describe('what a slot delivers becomes keys', () => {
  it('names the new key of an insert and the old key of a delete', async () => {
    expect(await after(`insert into item values (1, 'a'), (2, 'b'); delete from item where id = 2`)).toEqual([
      '1 ["1"]',
      '1 ["2"]',
    ]);
  });

  it('names one key for an update that keeps it, and both for one that changes it', async () => {
    await after(`insert into item values (10, 'a'), (11, 'b')`);
    await run.forget();
    expect(await after(`update item set body = 'c' where id = 10`)).toEqual(['1 ["10"]']);
    expect(await after('update item set id = 12 where id = 11')).toEqual(['1 ["10"]', '1 ["11"]', '1 ["12"]']);
  });

  it('names a key of several columns in the order of the plan', async () => {
    expect(await after(`insert into pair values ('x "y" \\', 3, 'n'); update pair set b = 4`)).toEqual([
      '2 ["x \\"y\\" \\\\", "3"]',
      '2 ["x \\"y\\" \\\\", "4"]',
    ]);
  });

  it('takes old keys from whole old rows and from an index', async () => {
    expect(await after('insert into whole values (1, null); update whole set id = 2; delete from whole')).toEqual([
      '3 ["1"]',
      '3 ["2"]',
    ]);
    await run.forget();
    expect(
      await after(`insert into byindex values (1, 'p', 'n'); update byindex set code = 'q'; delete from byindex`),
    ).toEqual(['4 ["p"]', '4 ["q"]']);
  });

  it('counts the whole relation after TRUNCATE, once for each transaction', async () => {
    expect(await after('truncate item, whole')).toEqual(['1 all', '3 all']);
    expect(await after('truncate item')).toEqual(['1 all', '3 all']);
    const entries = await run.target.query('select relation from rowproof.pending where key is null order by relation');
    expect(entries).toEqual([{ relation: 1 }, { relation: 1 }, { relation: 3 }]);
  });

  it('spells keys as the server casts them to text, for every type', async () => {
    await run.source.query(
      `insert into flag values (true, 'ab', '10.0.0.1', '2024-02-03 04:05:06.789+02', 0.1, '\\x00ff', '1 day 2 hours', 'n'),
         (false, 'c', '::1/64', '0044-03-15 BC', -1e300, '', '-1 mon', 'n')`,
    );
    await run.pull();
    const work = await run.intake();
    const { rows: expected } = await work.source.query<{ key: string }>(
      `select '5 ' || jsonb_build_array(k::text, c::text, i::text, t::text, f::text, y::text, s::text)::text as key from public.flag`,
    );
    await work.end();
    expect((await run.pending()).sort()).toEqual(expected.map(({ key }) => key).sort());
  });

  it('names rows of partitions by the keys of their root, whatever the order of their columns', async () => {
    expect(
      await after(
        `insert into part values (1, 'n', 'x'), (2, 's', 'y'); update part set region = 's' where id = 1; delete from part where id = 2`,
      ),
    ).toEqual(['6 ["1", "n"]', '6 ["1", "s"]', '6 ["2", "s"]']);
  });

  it('sees a TRUNCATE of one partition', async () => {
    expect(await after('truncate part_south')).toEqual(['6 all']);
  });

  it('delivers prepared transactions when they are committed, and nothing that was rolled back', async () => {
    const client = await run.application();
    await client.query(`begin; insert into item values (100, 'p'); prepare transaction '${run.slot}'`);
    await run.pull();
    expect(await run.pending()).toEqual([]);
    await client.query(`commit prepared '${run.slot}'`);
    await client.query(`begin; insert into item values (101, 'r'); savepoint s; insert into item values (102, 's');
      rollback to s; insert into item values (103, 't'); commit`);
    await client.query(`begin; insert into item values (104, 'u'); rollback`);
    await run.pull();
    expect(await run.pending()).toEqual(['1 ["100"]', '1 ["101"]', '1 ["103"]']);
  });

  it('remembers the transaction whose visibility decides, also of one inside a savepoint', async () => {
    const client = await run.application();
    await client.query('begin');
    const { rows } = await client.query<{ xid: string }>('select pg_current_xact_id()::text as xid');
    await client.query(`savepoint s; insert into item values (200, 'p'); release s; commit`);
    await run.pull();
    const stored = await run.target.query('select xid::text as xid from rowproof.pending');
    expect(stored).toEqual([{ xid: rows[0]?.xid }]);
  });

  it('keeps each transaction that touched a key, for a snapshot may see only one of them', async () => {
    await after(`insert into item values (300, 'p')`);
    await run.forget();
    const early = await run.application();
    await early.query('begin');
    const { rows } = await early.query<{ xid: string }>('select pg_current_xact_id()::text as xid');
    await run.source.query(`update item set body = 'later id' where id = 300`);
    await early.query('update item set body = $1 where id = 300', ['earlier id']);
    await early.query('commit');
    await run.pull();
    const entries = await run.target.query<{ key: string; xid: string }>(
      'select key, xid::text as xid from rowproof.pending order by xid',
    );
    expect(entries).toHaveLength(2);
    expect(entries[0]).toEqual({ key: '["300"]', xid: rows[0]?.xid });
    expect(BigInt(entries[1]?.xid ?? 0)).toBeGreaterThan(BigInt(rows[0]?.xid ?? 0));
  });

  it('keeps no table that is not captured, and moves the slot past it', async () => {
    const before = await run.pull();
    await run.source.query('insert into side select generate_series(1, 100)');
    const now = await run.pull();
    expect(await run.pending()).toEqual([]);
    expect(now.changes).toBe(0);
    expect(now.confirmedLsn).not.toBe(before.confirmedLsn);
    const [slot] = await run.source.query(
      `select confirmed_flush_lsn = $1::pg_lsn as same from pg_replication_slots where slot_name = $2`,
      [now.confirmedLsn, run.slot],
    );
    expect(slot).toEqual({ same: true });
  });

  it('reads values that are stored out of line and did not change', async () => {
    await after(`insert into item values (400, repeat(md5(random()::text), 5000))`);
    await run.forget();
    expect(await after('update item set other = $$x$$ where id = 400')).toEqual(['1 ["400"]']);
  });
});

describe('a huge transaction', () => {
  it('comes in by transactions of bounded size', async () => {
    await run.source.query(`insert into pair select 'bulk', g, 'n' from generate_series(1, 200000) g`);
    const pulled = await run.pull({ chunkKeys: 5_000, messages: 1_000 });
    expect(pulled.changes).toBe(200_000);
    expect(pulled.largestChunk).toBeLessThanOrEqual(6_000);
    expect(pulled.chunks).toBeGreaterThanOrEqual(33);
    const [count] = await run.target.query(
      'select count(*)::int as n, count(distinct xid::text)::int as xids from rowproof.pending',
    );
    expect(count).toEqual({ n: 200_000, xids: 1 });
  });
});
