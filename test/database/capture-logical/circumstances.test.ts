import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { createDatabases } from '../../../src/postgres/databases';
import { readablePending } from '../../../src/postgres/ledger/follow/pending';
import { ownCluster } from '../../support/postgres/own-cluster';
import { openProxy } from '../copy/tcp-proxy';
import { mappingOf, openLogicalRun, type LogicalRun } from './logical-run';
import { createCaptureActivities } from '../../../activities/capture';

const source = 'create table item (id int primary key, body text); create table noise (body text)';
const mappings = [mappingOf('item', ['id', 'body'])];

let cluster: Awaited<ReturnType<typeof ownCluster>>;
let run: LogicalRun;

beforeAll(async () => {
  cluster = await ownCluster({
    synchronous_commit: 'local',
    max_slot_wal_keep_size: '64MB',
    // no checkpoint but those of the tests
    max_wal_size: '1GB',
    min_wal_size: '32MB',
    checkpoint_timeout: '1h',
  });
});

afterAll(() => cluster?.stop());
afterEach(() => run?.drop());

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(50);
}

/** A commit that is in the log and waits for a standby that never comes; `done` resolves when it is given up. */
async function hangingCommit(client: Client, sql: string): Promise<{ done: Promise<unknown> }> {
  await run.source.query(`alter system set synchronous_standby_names = 'nobody'`);
  await run.source.query('select pg_reload_conf()');
  await until(
    async () =>
      (await run.source.query('show synchronous_standby_names'))[0]?.['synchronous_standby_names'] === 'nobody',
  );
  await client.query('set synchronous_commit = on');
  const done = client.query(sql);
  await until(async () => {
    const rows = await run.source.query(`select from pg_stat_activity where wait_event = 'SyncRep'`);
    return rows.length > 0;
  });
  return { done };
}

async function standbyGivenUp(): Promise<void> {
  await run.source.query('alter system reset synchronous_standby_names');
  await run.source.query('select pg_reload_conf()');
}

/** Keys that a round could read now. */
async function readable(): Promise<(string | null)[]> {
  const [row] = await run.source.query<{ now: string }>('select pg_current_snapshot()::text as now');
  const ledger = await run.databases.ledger(run.ref, 'test');
  try {
    const keys = await readablePending(ledger, run.loaded.run, 'legacy', row?.now ?? '', 100);
    return keys.map(({ key }) => key);
  } finally {
    await ledger.close();
  }
}

/** Writes `segments` segments of the log, at most 16 MB each. */
async function writeLog(segments: number): Promise<void> {
  for (let done = 0; done < segments; done += 1) {
    await run.source.query(
      `select pg_logical_emit_message(false, 'test', repeat('x', 1000000)) from generate_series(1, 10)`,
    );
    await run.source.query('select pg_switch_wal()');
  }
}

const settings = { maxWalBytes: 64 * 2 ** 20 };

describe('a commit that waits for a standby', () => {
  it('is delivered by the slot, and can be read only when others see it', async () => {
    run = await openLogicalRun({ source, mappings, settings });
    await run.capture.installCapture(run.ref);
    const client = await run.application();
    const { done } = await hangingCommit(client, `insert into item values (1, 'x')`);
    await run.source.query(`insert into item values (2, 'y')`);
    await run.pull();
    expect(await run.pending()).toEqual(['1 ["1"]', '1 ["2"]']);
    expect(await readable()).toEqual(['["2"]']);
    await standbyGivenUp();
    await done;
    expect((await readable()).sort()).toEqual(['["1"]', '["2"]']);
  });

  it('is waited for before the run begins: neither the slot nor the first snapshot would have it', async () => {
    run = await openLogicalRun({ source, mappings, settings: { ...settings, lockBudgetMs: 1_000 } });
    const client = await run.application();
    const { done } = await hangingCommit(client, `insert into item values (1, 'x')`);
    await expect(run.capture.installCapture(run.ref)).rejects.toMatchObject({ code: 'RP5358' });
    await standbyGivenUp();
    await done;
    await run.capture.installCapture(run.ref);
    expect(await run.check()).toEqual({ stop: null, findings: [] });
  });
});

describe('a commit that is not on disk yet', () => {
  it('is pulled all the same, although nobody else flushes it', async () => {
    run = await openLogicalRun({ source, mappings, settings });
    await run.capture.installCapture(run.ref);
    const client = await run.application();
    // WAL of an open transaction beyond the last commit
    await client.query(`begin; insert into noise values ('x')`);
    await run.source.query(`set synchronous_commit = off; insert into item values (3, 'x')`);
    const [row] = await run.source.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn');
    await run.pull({ uptoLsn: row?.lsn ?? null });
    expect(await run.pending()).toEqual(['1 ["3"]']);
    await client.query('rollback');
  });
});

describe('log that a slot holds back', () => {
  it('is let go by every look, and warned of and named when a transaction holds it', async () => {
    run = await openLogicalRun({ source, mappings, settings: { maxWalBytes: 48 * 2 ** 20 } });
    await run.capture.installCapture(run.ref);
    const client = await run.application();
    await client.query(`begin; insert into item values (1, 'x')`);
    await writeLog(2);
    const report = await run.capture.monitorCapture({ ref: run.ref });
    expect(report.walBytes).toBeGreaterThan(20 * 2 ** 20);
    expect(report.warnings.join(' ')).toMatch(/holds back \d+ MB of WAL.*\(shop, user postgres\)/);
    await client.query('rollback');
  });

  it('makes the slot go and the leases stop by name at the limit of the plan, before the disk fills', async () => {
    run = await openLogicalRun({ source, mappings, settings: { maxWalBytes: 32 * 2 ** 20 } });
    await run.capture.installCapture(run.ref);
    const client = await run.application();
    await client.query(`begin; insert into item values (1, 'x')`);
    await writeLog(3);
    await expect(run.capture.monitorCapture({ ref: run.ref })).rejects.toMatchObject({ code: 'RP5362' });
    expect(await run.source.query('select from pg_replication_slots where slot_name = $1', [run.slot])).toEqual([]);
    expect((await run.lease('intake')).reason).toMatch(/held back 32 MB of WAL and was dropped.*shop/);
    await client.query('rollback');
  });

  it('makes the slot go while the target cannot be reached, and the leases stop by that name when it is back', async () => {
    run = await openLogicalRun({ source, mappings, settings: { maxWalBytes: 32 * 2 ** 20 } });
    await run.capture.installCapture(run.ref);
    const proxy = await openProxy(run.target.url, {});
    const databases = createDatabases({
      env: { SOURCE_URL: run.source.url, TARGET_URL: proxy.url },
      plansFolder: null,
      readPlanTarget: () => Promise.reject(new Error('no plans folder here')),
    });
    const capture = createCaptureActivities({ databases, signal: () => undefined, heartbeat: () => undefined });
    expect(await capture.monitorCapture({ ref: run.ref })).toMatchObject({ asked: true });
    proxy.close();
    await run.source.query(`insert into item values (1, 'x')`);
    await writeLog(3);
    await expect(capture.monitorCapture({ ref: run.ref })).rejects.toMatchObject({ code: 'RP5362' });
    expect(await run.source.query('select from pg_replication_slots where slot_name = $1', [run.slot])).toEqual([]);
    expect((await run.lease('delta')).state).toBe('open');
    await expect(run.capture.monitorCapture({ ref: run.ref })).rejects.toMatchObject({ code: 'RP5361' });
    expect((await run.lease('delta')).reason).toMatch(/held back 32 MB of WAL while the target could not be reached/);
    await run.capture.resyncCapture({ ref: run.ref, by: 'ann', reason: 'target is back' });
    expect(await run.check()).toEqual({ stop: null, findings: [] });
    expect(await run.pending()).toEqual(['1 all']);
  });

  it('is warned of, with what to do, while the source may throw it away and when the next checkpoint will', async () => {
    run = await openLogicalRun({ source, mappings, settings });
    await run.capture.installCapture(run.ref);
    // a plan that allows more than the server keeps was refused: it stands for a server whose limit was lowered since
    const plan = run.loaded.compiled.plan;
    const capture = { ...plan.settings.capture, maxWalBytes: 2 ** 40 };
    const compiled = { ...run.loaded.compiled, plan: { ...plan, settings: { ...plan.settings, capture } } };
    const generous = createCaptureActivities({
      databases: { ...run.databases, run: () => Promise.resolve({ ...run.loaded, compiled }) },
      signal: () => undefined,
      heartbeat: () => undefined,
    });
    const client = await run.application();
    await client.query(`begin; insert into item values (1, 'x')`);
    expect((await generous.monitorCapture({ ref: run.ref })).warnings).toEqual([]);
    await writeLog(3);
    expect((await generous.monitorCapture({ ref: run.ref })).warnings).toEqual([
      expect.stringMatching(
        /may be lost after \d+ MB more of WAL \(max_slot_wal_keep_size\)\. Raise it .* \(shop, user postgres\)/,
      ),
    ]);
    await writeLog(3);
    expect((await generous.monitorCapture({ ref: run.ref })).warnings).toEqual([
      expect.stringMatching(/is about to be lost: .*Raise max_slot_wal_keep_size now .* \(shop, user postgres\)/),
    ]);
    await client.query('rollback');
    await writeLog(1);
    await generous.monitorCapture({ ref: run.ref });
    expect((await run.lease('delta')).state).toBe('open');
  });

  it('that the source threw away stops the leases by name', async () => {
    run = await openLogicalRun({ source, mappings, settings });
    await run.capture.installCapture(run.ref);
    await run.source.query(`insert into item values (1, 'x')`);
    await writeLog(8);
    await run.source.query('checkpoint');
    await expect(run.capture.monitorCapture({ ref: run.ref })).rejects.toMatchObject({ code: 'RP5361' });
    expect((await run.lease('delta')).reason).toMatch(/is lost/);
    await run.capture.resyncCapture({ ref: run.ref, by: 'ann', reason: 'raised the limit' });
    expect(await run.pending()).toEqual(['1 all']);
  });
});
