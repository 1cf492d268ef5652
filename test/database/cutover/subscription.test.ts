import { createDatabase, type TestDatabase } from '../../support/postgres/postgres';
import { openCutoverRun, proveAll, sqlstateOf, until, type CutoverRun } from './cutover-fixture';

const rows = 'select id, owner, balance from accounts order by id';

describe('a subscription that fills a mapped table', () => {
  let run: CutoverRun;
  let upstream: TestDatabase;
  let filled: TestDatabase | undefined;
  beforeEach(async () => {
    run = await openCutoverRun();
    upstream = await createDatabase({ prefix: 'upstream' });
    await upstream.query('create table accounts (id int primary key, owner text, balance int not null)');
    await upstream.query(`insert into accounts select g, 'o' || g, 0 from generate_series(1, 200) g`);
    await upstream.query('create publication downstream for table accounts');
  });
  afterEach(async () => {
    await filled?.query('alter subscription downstream disable');
    await filled?.query('alter subscription downstream set (slot_name = none)');
    await filled?.query('drop subscription downstream');
    filled = undefined;
    await until(async () => {
      const gone = `select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = current_database() and not active`;
      await upstream.query(gone);
      return (
        (await upstream.query('select 1 from pg_replication_slots where database = current_database()')).length === 0
      );
    });
    await upstream.drop();
    await run.drop();
  });

  /** Live: its worker has applied, or was refused. */
  async function subscribe(to: TestDatabase): Promise<void> {
    // in one cluster, a slot that is made along waits for the very transaction that makes it
    await upstream.query(`select pg_create_logical_replication_slot('${upstream.name}', 'pgoutput')`);
    filled = to;
    await to.query(`create subscription downstream connection '${upstream.url}' publication downstream
      with (create_slot = false, slot_name = '${upstream.name}', copy_data = false)`);
  }
  const refused = (on: TestDatabase): Promise<void> =>
    until(async () => {
      const [row] = await on.query<{ n: number }>(
        `select apply_error_count::int as n from pg_stat_subscription_stats where subname = 'downstream'`,
      );
      return (row?.n ?? 0) > 0;
    });

  it.each([
    ['inserts', `insert into accounts values (1000, 'up', 1)`],
    ['updates', `update accounts set owner = 'up'`],
    ['deletes', 'delete from accounts where id < 100'],
    ['truncates', 'truncate accounts'],
  ])('is refused by the guard of the target when it %s', async (_, sql) => {
    await subscribe(run.target);
    const before = await run.target.query(rows);
    await upstream.query(sql);
    await refused(run.target);
    expect(await run.target.query(rows)).toEqual(before);
    expect(await proveAll(run)).toBe(true);
    const line = (await run.cutover.checkCutover({ ref: run.ref, approval: null })).find(
      ({ name }) => name === 'subscriptions',
    );
    expect(line).toEqual({
      name: 'subscriptions',
      ok: false,
      sentence: expect.stringContaining('public.accounts of the target') as string,
    });
  });

  it.each([
    ['inserts', `insert into accounts values (1000, 'up', 1)`],
    ['updates', `update accounts set owner = 'up'`],
    ['deletes', 'delete from accounts where id < 100'],
    ['truncates', 'truncate accounts'],
  ])('is refused by the freeze of the source when it %s', async (_, sql) => {
    expect(await run.cutover.cutOver({ ref: run.ref, drill: false, by: 'ben' })).toMatchObject({ outcome: 'frozen' });
    await subscribe(run.source);
    const before = await run.source.query(rows);
    await upstream.query(sql);
    await refused(run.source);
    expect(await run.source.query(rows)).toEqual(before);
  });

  it('does not write beside a session that plays a replica either', async () => {
    const replica = (on: TestDatabase): Promise<string> =>
      sqlstateOf(on.query(`set session_replication_role = replica; update accounts set balance = 5 where id = 5`));
    expect(await replica(run.target)).toBe('25006');
    expect(await replica(run.source)).toBe('done');
    expect(await run.cutover.cutOver({ ref: run.ref, drill: false, by: 'ben' })).toMatchObject({ outcome: 'frozen' });
    expect(await replica(run.source)).toBe('25006');
    expect(await run.target.query('select balance from accounts where id = 5')).toEqual([{ balance: 5 }]);
  });
});

describe('a guard', () => {
  it('is not put on a table that a subscription fills', async () => {
    const upstream = await createDatabase({ prefix: 'upstream' });
    const run = await openCutoverRun({ copied: false });
    try {
      await upstream.query('create table accounts (id int primary key, owner text, balance int not null)');
      await run.target.query(`delete from rowproof.step where kind = 'guard'`);
      await run.target.query(
        `create subscription downstream connection '${upstream.url}' publication p with (connect = false)`,
      );
      await run.target.query(
        `insert into pg_subscription_rel values ((select oid from pg_subscription where subname = 'downstream'), 'accounts'::regclass, 'i', null)`,
      );
      await run.target.query('alter subscription downstream enable');
      await expect(run.cutover.guardTarget(run.ref)).rejects.toMatchObject({ code: 'RP5450' });
    } finally {
      await run.target.query('alter subscription downstream disable').catch(() => undefined);
      await run.target.query('alter subscription downstream set (slot_name = none)').catch(() => undefined);
      await run.target.query('drop subscription downstream').catch(() => undefined);
      await run.drop();
      await upstream.drop();
    }
  });
});
