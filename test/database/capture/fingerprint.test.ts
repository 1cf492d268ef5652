import { randomUUID } from 'node:crypto';
import { setApplyLeaseState, takeApplyLease } from '../../../src/postgres/ledger/follow/apply-lease';
import { inTransaction } from '../../../src/postgres/transaction';
import { mappingOf, openCaptureRun, type CaptureRun } from './capture-run';

let run: CaptureRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const schema = `
  create type mood as enum ('calm', 'wild');
  create type pair as (a int, b int);
  create domain moods as mood[];
  create table item (id int primary key, v text, mood text, spare int, pair pair, moods moods);
  create table list (id int, region text, primary key (id, region)) partition by list (region);
  create table list_a partition of list for values in ('a');
  create table list_b (id int, region text not null, primary key (id, region));`;

async function follow(): Promise<CaptureRun> {
  run = await openCaptureRun({
    source: schema,
    mappings: [mappingOf('item', ['id', 'v', 'pair', 'moods']), mappingOf('list', ['id', 'region'])],
  });
  await run.capture.installCapture(run.ref);
  expect((await run.round()).stop).toBeNull();
  return run;
}

describe('a round stops by name', () => {
  it.each([
    ['a disabled trigger', 'alter table item disable trigger all', 'was disabled'],
    [
      'a trigger that was disabled for a while',
      `alter table item disable trigger user; insert into item values (1, 'lost'); do $$ declare t name; begin
         for t in select tgname from pg_trigger where tgrelid = 'item'::regclass loop
           execute format('alter table item enable always trigger %I', t); end loop; end $$`,
      'was altered or was disabled for a while',
    ],
    ['a trigger that fires in some sessions only', 'alter table item enable trigger user', 'was disabled'],
    [
      'a dropped trigger',
      `do $$ declare t name; begin for t in select tgname from pg_trigger where tgrelid = 'list_a'::regclass loop
         execute format('drop trigger %I on list_a', t); end loop; end $$`,
      'on "public"."list_a" is gone',
    ],
    [
      'a replaced function',
      `do $$ declare f text; begin select proname into f from pg_proc where pronamespace = 'rowproof'::regnamespace limit 1;
         execute format('create or replace function rowproof.%I() returns trigger language plpgsql as %L', f, 'begin return null; end'); end $$`,
      'was altered',
    ],
    [
      'a change log that is gone',
      `do $$ declare t text; begin select relname into t from pg_class where relnamespace = 'rowproof'::regnamespace and relkind = 'r' and relname like 'change%';
         execute format('drop table rowproof.%I', t); end $$`,
      'the change log of the source is gone',
    ],
    ['a mapped column that was dropped', 'alter table item drop column v', 'column v was dropped or renamed'],
    ['a mapped column that was renamed', 'alter table item rename column v to w', 'column v was dropped or renamed'],
    ['a mapped column of another type', 'alter table item alter column v type varchar(40)', 'column v was altered'],
    [
      'a key column that may be null',
      'alter table item drop constraint item_pkey, alter id drop not null',
      'id was altered',
    ],
    ['an attached partition', `alter table list attach partition list_b for values in ('b')`, '"list_b" was attached'],
    [
      'a new partition',
      `create table list_c partition of list for values in ('c')`,
      '"list_c" was attached or created',
    ],
    ['a detached partition', 'alter table list detach partition list_a', '"list_a" was detached'],
    ['a dropped partition', 'drop table list_a', '"list_a" was detached or dropped'],
    ['an inheritance child', 'create table odd () inherits (item)', '"odd" was attached or created'],
    ['a table rewritten in place', `alter table item alter column spare type bigint using 1`, 'was rewritten'],
    ['a table that was renamed', 'alter table item rename to thing', 'public.item: the table was dropped or renamed'],
    [
      'another table of the same name',
      'alter table item rename to thing; create table item (like thing including all)',
      'another relation replaced the table',
    ],
    ['VACUUM FULL', 'vacuum full item', 'was rewritten'],
    [
      'a partition that was detached and attached again in one transaction',
      `do $$ begin alter table list detach partition list_a; update list_a set id = id;
         alter table list attach partition list_a for values in ('a'); end $$`,
      '"list_a" was detached for a while, and attached again',
    ],
    [
      'a partition that was detached and attached again in several transactions',
      `alter table list detach partition list_a; alter table list attach partition list_a for values in ('a')`,
      '"list_a" was detached for a while, and attached again',
    ],
    [
      'labels of an enum that changed places',
      `alter type mood rename value 'calm' to 'x'; alter type mood rename value 'wild' to 'calm'; alter type mood rename value 'x' to 'wild'`,
      'column moods was altered',
    ],
    ['an attribute more of a composite', 'alter type pair add attribute c int', 'column pair was altered'],
    [
      'a change log that was emptied',
      `do $$ declare t text; begin select relname into t from pg_class where relnamespace = 'rowproof'::regnamespace and relkind = 'r' and relname like 'change%';
         execute format('truncate rowproof.%I', t); end $$`,
      'was emptied',
    ],
  ])('for %s', async (_title, sql, reason) => {
    const { source, round } = await follow();
    for (const statement of sql.includes('do $$') ? [sql] : sql.split(';')) await source.query(statement);
    expect((await round()).stop).toContain(reason);
  });

  it('for row security that hides rows from the role that reads', async () => {
    const { source, asRole } = await follow();
    const role = `poor_${source.name.slice(-10)}`;
    await source.query(
      `create role ${role} login password '${role}'; grant usage on schema rowproof to ${role};
       grant select on all tables in schema rowproof, public to ${role}`,
    );
    try {
      const { round } = asRole(role);
      expect((await round()).stop).toBeNull();
      await source.query('alter table item enable row level security');
      expect((await round()).stop).toMatch(/public\.item: row security was switched on/);
    } finally {
      await source.query(`drop owned by ${role}; drop role ${role}`);
    }
  });
});

describe('a round goes on', () => {
  it('with a finding, once, for a new column and a new table that nothing maps, and for a dropped one', async () => {
    const { source, round } = await follow();
    await source.query(
      'alter table item add column extra text; alter table item drop column spare; create table fresh (id int)',
    );
    const first = await round();
    expect(first).toMatchObject({
      stop: null,
      findings: ['item.spare.dropped_column', 'item.extra.new_column', 'public.fresh.new_table'],
    });
    expect(await round()).toMatchObject({ stop: null, findings: [] });
  });

  it('with row security that does not apply to the role that reads', async () => {
    const { source, round } = await follow();
    await source.query('alter table item enable row level security');
    expect((await round()).stop).toBeNull();
  });

  it('after what changes no row: rights, comments, statistics, vacuum of tables and catalogs, an index', async () => {
    const { source, round } = await follow();
    for (const sql of [
      'grant select on item, list to public',
      `comment on table list_a is 'x'; comment on column item.v is 'y'`,
      `alter table item alter v set statistics 50; alter type mood add value 'odd'`,
      'create index on item (v)',
      'analyze item, list_a',
      'vacuum (freeze, analyze) item',
      'vacuum (freeze) pg_catalog.pg_inherits',
      'vacuum full pg_catalog.pg_inherits',
      'vacuum (freeze) pg_catalog.pg_trigger',
    ]) {
      for (const one of sql.split('; ')) await source.query(one);
      expect([sql, (await round()).stop]).toEqual([sql, null]);
    }
  });

  it('after TRUNCATE with everything else unchanged', async () => {
    const { source, round } = await follow();
    await source.query('truncate item, list');
    expect((await round()).stop).toBeNull();
    await source.query('vacuum full list_a');
    expect((await round()).stop).toContain('"list_a" was rewritten');
  });
});

describe('a resync', () => {
  it('repairs triggers, reads the broken table again whole, and opens the leases', async () => {
    const { source, round, capture, ref, onLedger, target, capturedChanges } = await follow();
    await source.query('alter table list_a disable trigger all');
    await source.query(`insert into list_a values (1, 'a')`);
    const { stop } = await round();
    await onLedger((ledger) =>
      inTransaction(ledger, 'read write', () => setApplyLeaseState(ledger, ref.run, 'delta', 'stopped', stop)),
    );
    expect(await capture.resyncCapture({ ref, by: 'dba', reason: 'enabled again' })).toEqual({ relations: 1 });
    expect(await target.query('select relation, key, xid from rowproof.pending')).toEqual([
      { relation: 2, key: null, xid: null },
    ]);
    expect(await target.query('select lease, state from rowproof.apply_lease order by lease')).toEqual([
      { lease: 'delta', state: 'open' },
      { lease: 'intake', state: 'open' },
    ]);
    await source.query(`insert into list_a values (2, 'a')`);
    expect(await round()).toMatchObject({ stop: null, capturedChanges: [{ relation: 2, key: '["2", "a"]' }] });
    expect(await capturedChanges()).toHaveLength(1);
  });

  it('takes an open lease from whoever has it: a round that read before would lose what is to be read again', async () => {
    const { capture, ref, onLedger, target } = await follow();
    await onLedger((ledger) => takeApplyLease(ledger, ref.run, 'delta', randomUUID()));
    expect(await capture.resyncCapture({ ref, by: 'dba', reason: 'to be sure' })).toEqual({ relations: 2 });
    expect(await target.query(`select owner, state from rowproof.apply_lease where lease = 'delta'`)).toEqual([
      { owner: null, state: 'open' },
    ]);
    expect(await target.query('select relation, key from rowproof.pending order by 1')).toHaveLength(2);
  });

  it('builds the change log anew where it is gone, from a fresh snapshot, and reads everything again', async () => {
    const { source, round, capture, ref, target, changes } = await follow();
    await source.query(`drop table ${changes}`);
    expect((await round()).stop).toContain('change log');
    const [before] = await target.query('select snapshot from rowproof.cursor');
    expect(await capture.resyncCapture({ ref, by: 'dba', reason: 'restored' })).toEqual({ relations: 2 });
    const [after] = await target.query('select snapshot from rowproof.cursor');
    expect(after).not.toEqual(before);
    await source.query(`insert into item values (2, 'a')`);
    expect(await round()).toMatchObject({ stop: null, capturedChanges: [{ relation: 1, key: '["2"]' }] });
  });

  it('covers the new partition, and refuses where a column of the plan is gone', async () => {
    const { source, round, capture, ref } = await follow();
    await source.query(`alter table list attach partition list_b for values in ('b')`);
    expect((await round()).stop).not.toBeNull();
    await capture.resyncCapture({ ref, by: 'dba', reason: 'known partition' });
    await source.query(`insert into list values (1, 'b')`);
    expect(await round()).toMatchObject({ stop: null, capturedChanges: [{ relation: 2, key: '["1", "b"]' }] });
    await source.query('alter table item drop column v');
    expect((await round()).stop).toContain('column v');
    await expect(capture.resyncCapture({ ref, by: 'dba', reason: 'try' })).rejects.toMatchObject({ code: 'RP5305' });
  });

  it('refuses where a table of the plan is gone, and where nothing was captured', async () => {
    const { source, capture, ref, target } = await follow();
    await source.query('drop table item cascade');
    await expect(capture.resyncCapture({ ref, by: 'dba', reason: 'try' })).rejects.toMatchObject({ code: 'RP5306' });
    await target.query('delete from rowproof.cursor');
    await expect(capture.resyncCapture({ ref, by: 'dba', reason: 'try' })).rejects.toMatchObject({ code: 'RP5310' });
  });
});
