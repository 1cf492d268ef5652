import { Client as Postgres } from 'pg';
import type { RunStatus } from '../../src/contract/run';
import { createShopBench, shopDecisions, type ShopBench } from '../support/shop-bench';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { eventually, withClient } from '../support/workbench';

const ben = ['--by', 'ben', '--reason', 'the night is quiet'];
const opening = ({ sentence }: RunStatus): boolean => /opening the target|could not be opened/.test(sentence);
const frozen = /Writers of legacy are still stopped.*rowproof run shop.*rowproof rollback shop-1/;

describe('a run that ends between its freeze and the opening of its target', () => {
  let temporal: TestTemporal;
  let bench: ShopBench;
  let reader: Postgres;

  beforeAll(async () => {
    temporal = await startTemporal();
    bench = await createShopBench(temporal);
  });
  afterAll(async () => {
    await reader?.end().catch(() => undefined);
    await bench?.close();
    await temporal?.stop();
  });

  const watchers = (): Promise<number> =>
    withClient(temporal, async (client) => {
      let count = 0;
      const query = `WorkflowType = 'captureMonitor' and ExecutionStatus = 'Running'`;
      for await (const _ of client.workflow.list({ query })) count += 1;
      return count;
    });
  const writes = (): Promise<string> =>
    bench.source.query('update public.tbl_order set total_cents = 1 where order_id = 1').then(
      () => 'done',
      (error: { code?: string }) => error.code ?? 'failed',
    );

  test('says that nobody can write and what frees them; its capture is watched until the rollback, which frees all', async () => {
    bench.worker();
    const file = bench.plan('shop', {
      decisions: shopDecisions,
      capture: 'triggers',
      settings: 'on_failure: keep, batch: { rows: 50 }',
    });
    const run = bench.start('run', file, '--wait', '--output', 'json');
    const { code } = await bench.until('shop-1', ({ gate, follow }) => gate === 'cutover' && follow?.provedAt != null);
    // readers do not hold up rounds, but whoever takes the guard away
    reader = new Postgres({ connectionString: bench.target.url });
    await reader.connect();
    await reader.query('begin; lock table shop.customer in access share mode');
    await bench.rowproof('cutover', 'shop-1', '--code', code, ...ben);
    await bench.until('shop-1', opening);
    expect(await writes()).toBe('25006');

    await withClient(temporal, (client) => client.workflow.getHandle('shop-1').cancel());
    await run.ended;
    const cancelled = await bench.rowproof('status', 'shop-1');
    expect(cancelled.stdout).toMatch(frozen);
    expect(await watchers()).toBe(1);

    const again = bench.start('run', file, '--wait', '--output', 'json');
    await bench.until('shop-1', opening);
    await eventually(async () => (await watchers()) === 1);
    await bench.rowproof('abort', 'shop-1', '--then', 'keep', ...ben);
    expect(await again.ended).toBe(1);
    expect(again.stdout()).toMatch(frozen);
    expect((await bench.rowproof('status', 'shop-1')).stdout).toMatch(/aborted: Aborted by ben.*still stopped/);
    expect(await writes()).toBe('25006');
    expect(await watchers()).toBe(1);

    await reader.query('rollback');
    const back = await bench.rowproof('rollback', 'shop-1', ...ben);
    expect([back.code, back.stderr]).toEqual([0, expect.any(String)]);
    expect(await writes()).toBe('done');
    expect(await bench.source.query('select tgname from pg_trigger where not tgisinternal')).toEqual([]);
    await eventually(async () => (await watchers()) === 0);
  });
});
