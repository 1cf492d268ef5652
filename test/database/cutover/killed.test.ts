import { spawn, type ChildProcess } from 'node:child_process';
import { join, resolve } from 'node:path';
import type { Client } from 'pg';
import { ownCluster, type OwnCluster } from '../../support/postgres/own-cluster';
import { Clients, openCutoverRun, sides, sqlstateOf, until, type CutoverRun } from './cutover-fixture';

const go = { drill: false, by: 'ben' };
const root = resolve(__dirname, '../../..');
/** What LOCK TABLE … IN SHARE ROW EXCLUSIVE MODE asks for. */
const barrierLock = `locktype = 'relation' and mode = 'ShareRowExclusiveLock' and database = (select oid from pg_database where datname = current_database())`;

describe('a process that cuts over', () => {
  let cluster: OwnCluster;
  let run: CutoverRun;
  let child: ChildProcess;
  let said: Promise<string>;
  const clients = new Clients();

  beforeAll(async () => {
    // only transactions that ask for it wait for a standby
    cluster = await ownCluster({ synchronous_commit: 'local' });
  });
  afterAll(() => cluster?.stop());
  afterEach(async () => {
    child.kill('SIGKILL');
    await said;
    await clients.end();
    await run.drop();
  });

  const cutOverElsewhere = (): void => {
    const hook = ['--enable-source-maps', '--require', join(root, 'scripts', 'typescript-hook.cjs')];
    child = spawn(process.execPath, [...hook, join(__dirname, 'cutover-process.ts'), run.ref.run], {
      env: { ...process.env, SOURCE_URL: run.source.url, TARGET_URL: run.target.url },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    said = new Promise((done) => child.on('close', () => done(text)));
  };
  const there = (sql: string) => async (): Promise<boolean> => (await run.source.query(sql)).length > 0;
  const write = `update accounts set balance = 7 where id = 9`;

  /** The process under its barrier, where it waits for the apply lease; whoever keeps it, and a writer that waits. */
  async function underBarrier(): Promise<{ keeper: Client; waiting: Promise<unknown> }> {
    const [open, keeper, writer] = [
      await clients.open(run.source.url),
      await clients.open(run.target.url),
      await clients.open(run.source.url),
    ];
    // keeps the barrier from being taken until the apply lease is kept
    await open.query('begin; update accounts set balance = 1 where id = 1');
    cutOverElsewhere();
    await until(there(`select from pg_locks where ${barrierLock} and not granted`));
    await keeper.query(`begin; select from rowproof.apply_lease where lease = 'delta' for update`);
    await open.query('commit');
    await until(there(`select from pg_locks where ${barrierLock} and granted`));
    const waiting = writer.query(write);
    await until(
      there(`select from pg_locks where locktype = 'relation' and mode = 'RowExclusiveLock' and not granted`),
    );
    return { keeper, waiting };
  }

  /** Another attempt brings it to its end with all that was written. */
  async function goesOn(): Promise<void> {
    let result = await run.cutover.cutOver({ ref: run.ref, ...go });
    // a busy machine may need longer than the limit, which is another test's matter
    while (result.outcome === 'deadline') result = await run.cutover.cutOver({ ref: run.ref, ...go });
    expect(result).toMatchObject({ outcome: 'frozen' });
    expect(await sqlstateOf(run.source.query(write))).toBe('25006');
    const { source, target } = await sides(run);
    expect(target).toEqual(source);
  }

  it('and is killed while it holds the barrier lets the writers go on at once, and another one ends it', async () => {
    // nothing but the end of the process can free them
    run = await openCutoverRun({ cutover: { maxFreezeMs: 3_600_000 } });
    const { keeper, waiting } = await underBarrier();
    child.kill('SIGKILL');
    await waiting;
    await keeper.query('rollback');
    await goesOn();
    expect(await run.target.query('select balance from accounts where id = 9')).toEqual([{ balance: 7 }]);
  });

  it('and is stopped while it holds the barrier loses it at the limit, and does no harm when it comes back', async () => {
    run = await openCutoverRun({ cutover: { maxFreezeMs: 3_000 } });
    const { keeper, waiting } = await underBarrier();
    child.kill('SIGSTOP');
    await waiting;
    await keeper.query('rollback');
    await goesOn();
    await run.cutover.openTarget(run.ref);
    await run.target.query(`insert into accounts values (7777, 'new', 1)`);
    child.kill('SIGCONT');
    expect(JSON.parse(await said)).not.toMatchObject({ outcome: 'frozen' });
    expect(await sqlstateOf(run.source.query(write))).toBe('25006');
    expect(await run.target.query('select owner from accounts where id = 7777')).toEqual([{ owner: 'new' }]);
  });

  it('and is killed while its COMMIT waits for a standby leaves a freeze that the next one finds', async () => {
    run = await openCutoverRun({ cutover: { maxFreezeMs: 3_600_000, lockBudgetMs: 60_000 } });
    await run.source.query(`alter database ${run.source.name} set synchronous_commit = on`);
    const admin = await clients.open(run.target.url);
    await admin.query(`alter system set synchronous_standby_names = 'nobody'`);
    await admin.query('select pg_reload_conf()');
    try {
      cutOverElsewhere();
      await until(there(`select from pg_stat_activity where datname = current_database() and wait_event = 'SyncRep'`));
      child.kill('SIGKILL');
      const next = run.cutover.cutOver({ ref: run.ref, ...go });
      // the transaction of the dead is not over: who comes next neither sees a freeze nor gets the locks
      await until(
        there(
          `select from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0`,
        ),
      );
      await admin.query('alter system reset synchronous_standby_names');
      await admin.query('select pg_reload_conf()');
      const answer = await next;
      expect(answer).toMatchObject({ outcome: 'frozen', freezeMs: expect.any(Number) as number });
      expect(answer.freezeMs).toBeGreaterThan(0);
      // whoever finds the freeze of the dead says for it what it could not
      const told = await run.target.query(
        `select body ->> 'outcome' as outcome, (body ->> 'freezeMs')::int as ms from rowproof.event where kind = 'cutover'`,
      );
      expect(told).toEqual([{ outcome: 'frozen', ms: answer.freezeMs }]);
    } finally {
      await admin.query('alter system reset synchronous_standby_names');
      await admin.query('select pg_reload_conf()');
    }
    await goesOn();
  });
});
