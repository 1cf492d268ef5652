import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../src/dev/free-port';
import { createShopBench, shopDecisions, type ShopBench } from '../support/shop-bench';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { eventually, logOf, withClient, type Started } from '../support/workbench';

let temporal: TestTemporal;
let bench: ShopBench;

beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.stop());
beforeEach(async () => {
  bench = await createShopBench(temporal);
});
afterEach(() => bench.close());

const ready = (): Promise<true> => eventually(() => logOf(bench).includes('worker ready'));

async function stopped({ child, ended }: Started): Promise<number | null> {
  child.kill('SIGTERM');
  return ended;
}

describe('the worker', () => {
  it('shares a run between a control and a copy process, each ending with 0 on SIGTERM', async () => {
    const plan = bench.plan('shop', { decisions: shopDecisions, settings: 'batch: { rows: 100 }' });
    const control = bench.worker('--role', 'control');
    const known = bench.worker('--role', 'copy');
    await eventually(() => logOf(bench).includes('this build is current'));
    await stopped(known);
    const running = bench.start('run', plan, '--wait', '--output', 'json');
    const waits = await eventually(() =>
      withClient(temporal, async (client) => {
        const children = client.workflow.list({ query: "WorkflowType = 'batchCopy' AND ExecutionStatus = 'Running'" });
        for await (const { workflowId } of children) return workflowId;
        return null;
      }),
    );
    expect(waits).toMatch(/^shop-1-copy-/);
    const batches = 'select count(*)::int as n from rowproof.batch';
    await eventually(() => bench.target.query<{ n: number }>(batches).then(([row]) => (row?.n ?? 0) > 0));
    expect(await bench.target.query(`${batches} where state = 'done'`)).toEqual([{ n: 0 }]);
    const copy = bench.worker('--role', 'copy', '--slots', '2');
    expect(await running.ended).toBe(0);
    expect(JSON.parse(running.stdout())).toMatchObject({ outcome: 'complete' });
    expect([await stopped(control), await stopped(copy)]).toEqual([0, 0]);
  });

  it('lets the batch in flight commit on SIGTERM, and another worker ends the run', async () => {
    const plan = bench.plan('shop', { decisions: shopDecisions, settings: 'batch: { rows: 10, in_flight: 2 }' });
    const first = bench.worker();
    await ready();
    const running = bench.start('run', plan, '--wait', '--output', 'json');
    const done = "select 1 from rowproof.batch where state = 'done'";
    await eventually(() =>
      bench.target.query(done).then(
        (rows) => rows.length > 3,
        () => false,
      ),
    );
    expect(await stopped(first)).toBe(0);
    expect(
      await bench.target.query(
        "select 1 from pg_stat_activity where application_name like 'rowproof%' and datname = current_database()",
      ),
    ).toEqual([]);
    bench.worker();
    expect(await running.ended).toBe(0);
    const rows = 'select count(*)::int as n, count(distinct customer_no)::int as customers from shop.customer';
    expect(await bench.target.query(rows)).toEqual([{ n: 297, customers: 297 }]);
  });

  it('serves Prometheus metrics where it is told to', async () => {
    const port = await freePort();
    bench.worker('--metrics', `127.0.0.1:${port}`);
    await ready();
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(text).toMatch(/^temporal_worker_task_slots_available\{.*\} \d+$/m);
  });

  it('finds its Temporal in a profile file as the Temporal CLI does', async () => {
    const file = join(bench.folder, 'temporal.toml');
    writeFileSync(file, `[profile.night]\naddress = "${temporal.address}"\nnamespace = "default"\n`);
    delete bench.env['TEMPORAL_ADDRESS'];
    delete bench.env['TEMPORAL_NAMESPACE'];
    Object.assign(bench.env, { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'night' });
    bench.worker();
    await ready();
    const { stderr } = await bench.rowproof('run', bench.plan('shop'), '--detach');
    expect(stderr).not.toContain('RP4205');
  });

  it('says which namespace is missing', async () => {
    bench.env['TEMPORAL_NAMESPACE'] = 'nowhere';
    const { code, stderr } = await bench.rowproof('worker');
    expect(code).not.toBe(0);
    expect(stderr).toContain('has no namespace nowhere.');
    expect(stderr).toContain('RP4204');
    expect(stderr).not.toMatch(/\.js:\d|at .*\(/);
  });

  it('is missed by name when a run starts on a queue that nobody polls', async () => {
    const { code, stderr } = await bench.rowproof('run', bench.plan('shop'), '--detach');
    expect(code).toBe(0);
    expect(stderr).toContain(`No worker polls task queue ${bench.taskQueue}`);
    expect(stderr).toContain('RP4205');
  });
});

describe('search attributes of a run', () => {
  it('find it in the list of workflows by plan, phase, state, table and blocked batches', async () => {
    bench.plan('shop');
    bench.worker();
    const find = (query: string): Promise<string[]> =>
      withClient(temporal, async (client) => {
        const found = [];
        for await (const { workflowId } of client.workflow.list({ query })) found.push(workflowId);
        return found;
      });
    await withClient(temporal, async (client) => {
      const input = { taskQueue: bench.taskQueue, workflowId: 'listed', args: [{ plan: 'shop' }] };
      const run = await client.workflow.start('migration', input);
      const waiting = "MigrationPlan = 'shop' AND MigrationPhase = 'discovery' AND MigrationState = 'waiting'";
      await eventually(async () => (await find(`${waiting} AND BlockedBatches = 0`)).includes('listed'));
      for (const finding of ['customer.signed_up_on.bad_date', 'sales_order.customer_id.orphan']) {
        await run.executeUpdate('decide', { args: [{ finding, do: 'quarantine', by: 'ana', reason: 'known' }] });
      }
      await run.result();
      await eventually(async () => (await find("MigrationState = 'complete'")).includes('listed'));
      await eventually(async () =>
        (await find("MigrationTable = 'sales_order'")).some((id) => /^shop-\d+-copy-/.test(id)),
      );
    });
  });
});
