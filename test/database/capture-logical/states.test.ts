import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { currentLsn, pullChanges, pullUpTo } from '../../../src/engine/capture/logical/pull-changes';
import { takeApplyLease } from '../../../src/postgres/ledger/follow/apply-lease';
import type { Session } from '../../../src/postgres/session';
import { ownCluster } from '../../support/postgres/own-cluster';
import { mappingOf, openLogicalRun, type LogicalRun } from './logical-run';

const schema = `create table item (id int primary key, body text);
  create table part (id int primary key, body text) partition by range (id);
  create table part_1 partition of part for values from (0) to (1000);
  create table part_2 (id int primary key, body text);
  insert into item select g, 'x' from generate_series(1, 10) g`;
const mappings = [mappingOf('item', ['id', 'body']), mappingOf('part', ['id', 'body'])];

let cluster: Awaited<ReturnType<typeof ownCluster>>;
let run: LogicalRun;

beforeAll(async () => {
  cluster = await ownCluster();
});

afterAll(() => cluster?.stop());

beforeEach(async () => {
  run = await openLogicalRun({ source: schema, mappings });
});

afterEach(() => run?.drop());

async function existing(): Promise<unknown> {
  const [row] = await run.source.query(
    `select (select count(*)::int from pg_publication) as publications,
       (select count(*)::int from pg_replication_slots where database = current_database()) as slots`,
  );
  return row;
}

describe('installing and removing', () => {
  it('can be done twice, and goes on where an attempt died', async () => {
    await run.source.query(`create publication ${run.slot}`);
    await run.capture.installCapture(run.ref);
    const cursor = await run.target.query('select snapshot, capture from rowproof.cursor');
    await run.source.query(`insert into item values (99, 'y')`);
    await run.capture.installCapture(run.ref);
    expect(await run.target.query('select snapshot, capture from rowproof.cursor')).toEqual(cursor);
    await run.pull();
    expect(await run.pending()).toEqual(['1 ["99"]']);
    expect(await existing()).toEqual({ publications: 1, slots: 1 });
    expect(await run.check()).toEqual({ stop: null, findings: [] });
  });

  it('takes everything away, also twice and half-way', async () => {
    await run.capture.installCapture(run.ref);
    await run.source.query('select pg_drop_replication_slot($1)', [run.slot]);
    await run.capture.removeCapture(run.ref);
    expect(await existing()).toEqual({ publications: 0, slots: 0 });
    await run.capture.removeCapture(run.ref);
    expect(await existing()).toEqual({ publications: 0, slots: 0 });
  });

  it('leaves slots and publications of others alone', async () => {
    await run.source.query(`create publication theirs for table item`);
    await run.source.query(`select pg_create_logical_replication_slot('theirs', 'pgoutput')`);
    await run.capture.installCapture(run.ref);
    await run.capture.removeCapture(run.ref);
    expect(await existing()).toEqual({ publications: 1, slots: 1 });
  });
});

describe('an attempt that dies or is taken over', () => {
  it('is waited for only as long as whoever comes after can wait for the slot', async () => {
    await run.capture.installCapture(run.ref);
    await run.source.query(`update item set body = 'z' where id = 1`);
    const url = new URL(run.source.url);
    // as a pull whose process was stopped: its backend keeps the slot
    const holder = new Client({
      connectionString: url.toString(),
      application_name: 'rowproof test stopped',
      replication: 'database',
    } as ConstructorParameters<typeof Client>[0]);
    holder.on('error', () => undefined);
    await holder.connect();
    let refused: unknown = null;
    holder
      .query(`START_REPLICATION SLOT ${run.slot} LOGICAL 0/0 (proto_version '1', publication_names '${run.slot}')`)
      .catch((error: unknown) => (refused = error));
    const deferred = 'select from pg_replication_slots where slot_name = $1 and active';
    while (refused === null && (await run.source.query(deferred, [run.slot])).length === 0);
    expect(refused).toBeNull();
    const work = await run.intake();
    let waits = 0;
    const heartbeat = (): void => void (waits += 1);
    await pullUpTo({ ...work, heartbeat, slotPatienceMs: 200 }, await currentLsn(work.source));
    await work.end();
    (holder as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    expect(await run.pending()).toEqual(['1 ["1"]']);
    // once for each time that the slot was asked for: 25 before it is taken from a pull that nothing presses
    expect(waits).toBeLessThan(20);
  });

  it('gets the same keys again when it died between storing them and confirming', async () => {
    await run.capture.installCapture(run.ref);
    await run.source.query(`update item set body = 'z'`);
    const work = await run.intake();
    let heartbeats = 0;
    const dying = (): void => {
      heartbeats += 1;
      if (heartbeats > 1) throw new Error('died');
    };
    await run.source.query(`update item set body = 'zz'`);
    await expect(
      pullChanges({ ...work, heartbeat: dying }, { uptoLsn: null, chunkKeys: 5, messages: 5 }),
    ).rejects.toThrow('died');
    await work.end();
    const keys = await run.pending();
    expect(keys.length).toBeGreaterThan(0);
    await run.pull();
    expect(await run.pending()).toEqual([1, 10, 2, 3, 4, 5, 6, 7, 8, 9].map((id) => `1 ["${id}"]`));
    const again = await run.pull();
    expect(again.changes).toBe(0);
  });

  it('writes nothing any more once another attempt has the intake', async () => {
    await run.capture.installCapture(run.ref);
    await run.source.query(`insert into item select g, 'x' from generate_series(1000, 6000) g`);
    const zombie = await run.intake();
    const other = await run.intake();
    const taken: Promise<unknown>[] = [];
    const heartbeat = (): void => {
      if (taken.length === 0) taken.push(takeApplyLease(other.target, run.loaded.run, 'intake', randomUUID()));
    };
    await expect(pullChanges({ ...zombie, heartbeat }, { uptoLsn: null, chunkKeys: 10 })).rejects.toMatchObject({
      code: 'RP5401',
    });
    await Promise.all(taken);
    await zombie.end();
    await other.end();
    await run.pull();
    expect(await run.pending()).toHaveLength(5_001);
  });
});

/** The same session, with something done before each statement that `when` knows. */
function before(session: Session, when: RegExp, work: () => Promise<void>): Session {
  const query = async (sql: string, values?: readonly unknown[]): Promise<unknown> => {
    if (when.test(sql)) await work();
    return session.query(sql, values as never);
  };
  return new Proxy(session, {
    get: (target, name) => {
      if (name === 'query') return query;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}

describe('pullers that cross each other', () => {
  beforeEach(async () => {
    await run.capture.installCapture(run.ref);
  });

  it('do not take the slot that another one moved for one that somebody else moved', async () => {
    await run.source.query(`update item set body = 'y' where id = 1`);
    const slow = await run.intake();
    let paused = 0;
    const source = before(slow.source, /pg_replication_slots/, async () => {
      paused += 1;
      // it has read how far the ledger is, and not yet how far the slot is
      if (paused === 1) await run.pull();
    });
    await pullChanges({ ...slow, source }, { uptoLsn: null });
    await slow.end();
    expect(paused).toBeGreaterThan(0);
    expect(await run.pending()).toEqual(['1 ["1"]']);
    expect(await run.lease('delta')).toEqual({ state: 'open', reason: null });
  });

  it('never set a key back to a transaction that came before the one that was stored', async () => {
    await run.source.query(`update item set body = 'first' where id = 1`);
    await run.source.query(`update item set body = 'other' where id = 2`);
    await run.source.query(`update item set body = 'last' where id = 1`);
    // the second attempt dies after its first store, if it does not die where it moves the slot
    const dying = async (chunkKeys: number): Promise<void> => {
      const work = await run.intake();
      let inserts = 0;
      const died = (): Promise<never> => Promise.reject(new Error('died'));
      const source = before(work.source, /pg_replication_slot_advance/, died);
      const target = before(work.target, /insert into rowproof.pending/, async () => {
        inserts += 1;
        if (inserts > 2) await died();
      });
      await expect(pullChanges({ ...work, source, target }, { uptoLsn: null, chunkKeys })).rejects.toThrow('died');
      await work.end();
    };
    await dying(100);
    const xids = (): Promise<unknown[]> =>
      run.target.query(`select key, xid from rowproof.pending where key <> '["3"]' order by key, xid::text`);
    const stored = await xids();
    await run.source.query('delete from item where id = 3');
    await dying(1);
    expect(await xids()).toEqual(stored);
    await run.pull();
    expect(await run.pending()).toEqual(['1 ["1"]', '1 ["2"]', '1 ["3"]']);
    expect(await xids()).toEqual(stored);
  });
});

describe('a slot that cannot be followed any more stops the leases by name', () => {
  beforeEach(async () => {
    await run.capture.installCapture(run.ref);
  });

  async function stopsWith(reason: RegExp): Promise<void> {
    expect((await run.check()).stop).toMatch(reason);
    await expect(run.pull()).rejects.toMatchObject({ code: 'RP5361' });
    await expect(run.capture.monitorCapture({ ref: run.ref })).rejects.toMatchObject({ code: 'RP5361' });
    const lease = await run.lease('delta');
    expect(lease.state).toBe('stopped');
    expect(lease.reason).toMatch(reason);
  }

  it('when it is gone, and never makes it again silently; a resync does, and reads everything again', async () => {
    await run.source.query('select pg_drop_replication_slot($1)', [run.slot]);
    await stopsWith(/Slot .* is gone/);
    expect(await existing()).toEqual({ publications: 1, slots: 0 });
    await run.capture.resyncCapture({ ref: run.ref, by: 'ann', reason: 'slot dropped by mistake' });
    expect(await existing()).toEqual({ publications: 1, slots: 1 });
    expect(await run.pending()).toEqual(['1 all', '2 all']);
    expect(await run.lease('delta')).toEqual({ state: 'open', reason: null });
    expect(await run.check()).toEqual({ stop: null, findings: [] });
    await run.source.query(`insert into item values (77, 'y')`);
    await run.pull();
    expect(await run.pending()).toEqual(['1 ["77"]', '1 all', '2 all']);
  });

  it('when somebody made it again', async () => {
    await run.source.query('select pg_drop_replication_slot($1)', [run.slot]);
    await run.source.query(`insert into item values (88, 'lost')`);
    await run.source.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [run.slot]);
    await expect(run.pull()).rejects.toMatchObject({ code: 'RP5361' });
    await expect(run.capture.monitorCapture({ ref: run.ref })).rejects.toMatchObject({ code: 'RP5361' });
    expect((await run.lease('intake')).reason).toMatch(/created again by somebody else/);
  });

  it('when the target falls back to an older commit: the slot has let go of what came after', async () => {
    await run.source.query(`update item set body = 'y' where id = 1`);
    await run.pull();
    // a standby of the target that was promoted without the last commits
    await run.target.query(
      'create table kept_cursor as table rowproof.cursor; create table kept_pending as table rowproof.pending',
    );
    await run.source.query(`update item set body = 'y' where id = 2`);
    await run.pull();
    await run.target.query(`begin; delete from rowproof.cursor; insert into rowproof.cursor table kept_cursor;
      delete from rowproof.pending; insert into rowproof.pending table kept_pending; commit`);
    await run.source.query(`update item set body = 'y' where id = 3`);
    await expect(run.pull()).rejects.toMatchObject({ code: 'RP5361' });
    expect(await run.lease('delta')).toMatchObject({
      state: 'stopped',
      reason: expect.stringMatching(/it starts after what was read/) as string,
    });
    expect(await run.pending()).toEqual(['1 ["1"]']);
    await run.capture.resyncCapture({ ref: run.ref, by: 'ann', reason: 'the target was failed over' });
    expect(await run.pending()).toEqual(['1 ["1"]', '1 all', '2 all']);
    expect(await run.lease('delta')).toEqual({ state: 'open', reason: null });
    await run.source.query(`update item set body = 'z' where id = 4`);
    await run.pull();
    expect(await run.pending()).toContain('1 ["4"]');
    expect(await run.check()).toEqual({ stop: null, findings: [] });
  });

  it('when the publication is gone', async () => {
    await run.source.query(`drop publication ${run.slot}`);
    await stopsWith(/Publication .* is gone/);
  });
});

describe('what a round asks before it reads', () => {
  beforeEach(async () => {
    await run.capture.installCapture(run.ref);
  });

  const stops: readonly (readonly [string, (slot: string) => string, RegExp])[] = [
    [
      'a table was taken out of the publication',
      (slot) => `alter publication ${slot} drop table item`,
      /tables were added or removed/,
    ],
    [
      'the publication was altered and altered back',
      (slot) => `alter publication ${slot} drop table item; alter publication ${slot} add table item`,
      /altered, and altered back/,
    ],
    [
      'operations were taken out of the publication',
      (slot) => `alter publication ${slot} set (publish = 'insert')`,
      /publishes insert/,
    ],
    [
      'partitions are published differently',
      (slot) => `alter publication ${slot} set (publish_via_partition_root = true)`,
      /partitions are published differently/,
    ],
    [
      'the replica identity does not tell the key',
      () => 'alter table item replica identity nothing',
      /replica identity of .*item/,
    ],
    ['the primary key is gone', () => 'alter table item drop constraint item_pkey', /replica identity of .*item/],
    [
      'a partition was attached',
      () => 'alter table part attach partition part_2 for values from (1000) to (2000)',
      /part_2.* was attached/,
    ],
    ['a partition was detached', () => 'alter table part detach partition part_1', /part_1.* was detached/],
    [
      'a mapped column was altered',
      () => 'alter table item alter column body type varchar(5)',
      /column body was altered/,
    ],
    [
      'a table was rewritten with other values of the same type',
      () => 'alter table item alter column body type text using upper(body)',
      /"item" was rewritten/,
    ],
    ['VACUUM FULL wrote a partition anew', () => 'vacuum full part_1', /"part_1" was rewritten/],
    [
      'a partition was detached, changed and attached again in one transaction',
      () => `begin; alter table part detach partition part_1; update part_1 set body = 'lost';
        alter table part attach partition part_1 for values from (0) to (1000); commit`,
      /"part_1" was detached for a while, and attached again/,
    ],
    [
      'a partition was replaced by another table of its name',
      () => `begin; alter table part detach partition part_1; drop table part_1; create table part_1 (like part including all);
        alter table part attach partition part_1 for values from (0) to (1000); commit`,
      /"part_1" was attached or created/,
    ],
    [
      'two tables changed places',
      () => `begin; alter table item rename to item_old; create table item (like item_old including all); commit`,
      /another relation replaced/,
    ],
  ];
  it.each(stops)('stops when %s', async (_, sql, reason) => {
    await run.source.query(sql(run.slot));
    expect((await run.check()).stop).toMatch(reason);
  });

  it('reads the whole table again after a resync, since the slot tells nothing of what was rewritten', async () => {
    await run.source.query('alter table item alter column body type text using upper(body)');
    await run.pull();
    expect(await run.pending()).toEqual([]);
    expect((await run.check()).stop).toMatch(/was rewritten/);
    await run.capture.resyncCapture({ ref: run.ref, by: 'ann', reason: 'values were rewritten' });
    expect(await run.pending()).toEqual(['1 all', '2 all']);
    expect(await run.check()).toEqual({ stop: null, findings: [] });
  });

  it('reads the whole table again where another identity hid for a while which row got another key', async () => {
    await run.source.query(
      'alter table item alter body set not null; create unique index item_body on item (body, id)',
    );
    await run.source.query(`alter table item add mail text not null default gen_random_uuid()::text`);
    await run.source.query('create unique index item_mail on item (mail)');
    await run.capture.resyncCapture({ ref: run.ref, by: 'ann', reason: 'rewritten' });
    await run.forget();
    await run.source.query('alter table item replica identity using index item_mail');
    await run.source.query('update item set id = 99 where id = 9');
    await run.source.query('alter table item replica identity default');
    await run.pull();
    expect(await run.pending()).toEqual(['1 all']);
    expect((await run.check()).stop).toBeNull();
  });

  it('goes on after TRUNCATE, which the slot tells, and with new columns', async () => {
    await run.source.query('truncate part_1');
    await run.source.query('alter table item add column fresh text');
    await run.pull();
    expect(await run.pending()).toEqual(['2 all']);
    const { stop, findings } = await run.check([2]);
    expect(stop).toBeNull();
    expect(findings).toHaveLength(1);
  });
});
