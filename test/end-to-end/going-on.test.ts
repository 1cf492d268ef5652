import { createGatedBench, gatedPlan, type GatedBench } from '../support/gated-bench';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { document } from '../support/workbench';

/** Runs that stop in the middle, and what may and may not be done with them afterwards. */

const signed = ['--by', 'ben', '--reason', 'because'];

let temporal: TestTemporal;
let benches: GatedBench[] = [];

beforeAll(async () => {
  temporal = await startTemporal();
});
afterEach(async () => {
  for (const bench of benches) await bench.close();
  benches = [];
});
afterAll(() => temporal.stop());

async function createBench(edit: (plan: string) => string = (plan) => plan, options = {}): Promise<GatedBench> {
  const bench = await createGatedBench(temporal, options);
  bench.write('shop.yaml', edit(gatedPlan(options)));
  benches.push(bench);
  bench.worker();
  return bench;
}

test('After an abort the run asks, and retry goes on from the ledger without a second discovery or gate', async () => {
  const bench = await createBench((plan) => plan.replace('on_failure: keep', 'on_failure: ask, gates: [copy]'));
  await bench.closeGate();
  const run = bench.start('run', bench.plan, '--wait', '--output', 'json');
  await bench.approveCopy('shop-1');
  await bench.stuckAtGate('shop-1');
  const phases = 'select phase, started_at, finished_at from rowproof.phase where phase in ($1, $2) order by phase';
  const before = await bench.target.query(phases, ['discovery', 'prepare']);
  expect((await bench.rowproof('abort', 'shop-1', ...signed)).code).toBe(0);
  const asking = await bench.until('shop-1', ({ gate }) => gate === 'rollback');
  await bench.openGate();
  expect((await bench.rowproof('approve', 'retry', '--code', asking.code, ...signed)).code).toBe(0);
  expect(await run.ended).toBe(0);
  expect(document({ stdout: run.stdout(), stderr: run.stderr() })).toMatchObject({ outcome: 'complete' });
  expect(await bench.target.query(phases, ['discovery', 'prepare'])).toEqual(before);
  const approvals = await bench.target.query<{ gate: string }>(
    "select body->>'gate' as gate from rowproof.event where kind = 'approved' order by seq",
  );
  expect(approvals.map(({ gate }) => gate)).toEqual(['copy', 'retry']);
  expect((await bench.outcome('shop-1')).unreceipted).toBe(0);
});

test('A run that has begun is not closed by a check, and goes on afterwards', async () => {
  const bench = await createBench();
  await bench.closeGate();
  const run = bench.start('run', bench.plan, '--wait', '--output', 'json');
  await bench.stuckAtGate('shop-1');
  expect((await bench.rowproof('abort', 'shop-1', '--then', 'keep', ...signed)).code).toBe(0);
  expect(await run.ended).toBe(1);
  expect(document({ stdout: run.stdout(), stderr: run.stderr() })).toMatchObject({ outcome: 'aborted' });
  await bench.openGate();
  const check = await bench.rowproof('run', bench.plan, '--check');
  expect(check.code).toBe(4);
  expect(check.stderr).toContain('RP4207');
  expect((await bench.rowproof('run', bench.plan)).code).toBe(0);
  expect((await bench.outcome('shop-1')).unreceipted).toBe(0);
});

test('A check that finds something undecided ends with exit code 1, and writes no row', async () => {
  const bench = await createBench((plan) => plan.replace(/decisions:\n(?: {2}.*\n)+/, ''));
  const check = await bench.rowproof('run', bench.plan, '--check', '--output', 'json');
  expect(check.code).toBe(1);
  expect(document<{ verdict: string }>(check).verdict).toContain('2 findings need a decision');
  expect(await bench.target.query('select count(*)::int as n from shop.orders')).toEqual([{ n: 0 }]);
});

test('Two ledgers may run a plan of one name on one Temporal: a command reaches the run it was given in that folder', async () => {
  const options = { settings: 'gates: [copy]' };
  const first = await createBench(undefined, options);
  const second = await createBench(undefined, options);
  const runs = [first, second].map((bench) => bench.start('run', bench.plan, '--wait', '--output', 'json'));
  await first.until('shop-1', ({ gate }) => gate === 'copy');
  await second.approveCopy('shop-1');
  expect(await runs[1]?.ended).toBe(0);
  expect(await first.target.query('select count(*)::int as n from shop.orders')).toEqual([{ n: 0 }]);
  expect((await first.until('shop-1', () => true)).gate).toBe('copy');
  await first.approveCopy('shop-1');
  expect(await runs[0]?.ended).toBe(0);
  expect((await first.outcome('shop-1')).unreceipted).toBe(0);
  expect((await second.outcome('shop-1')).unreceipted).toBe(0);
});

test('A sample of part of the plan is migrated, proved and called a sample', async () => {
  const bench = await createBench();
  for (const bad of ['0', '101%', 'all', '-1']) {
    expect((await bench.rowproof('run', bench.plan, `--sample=${bad}`)).code).toBe(2);
  }
  expect(await bench.target.query("select 1 from pg_namespace where nspname = 'rowproof'")).toEqual([]);
  const sample = await bench.rowproof('run', bench.plan, '--only', 'orders', '--sample', '20%', '--output', 'json');
  expect(sample.code).toBe(0);
  const { verdict, tables } = document<{
    verdict: string;
    tables: { table: string; migrated: number; unexplained: number }[];
  }>(sample);
  expect(verdict).toContain('sample');
  expect(tables.map(({ table }) => table).sort()).toEqual(['customer', 'orders']);
  for (const table of tables) expect(table).toMatchObject({ unexplained: 0 });
  const [{ n }] = (await bench.target.query<{ n: number }>('select count(*)::int as n from shop.orders')) as [
    { n: number },
  ];
  expect(n).toBeGreaterThan(0);
  expect(n).toBeLessThan(3000);
});
