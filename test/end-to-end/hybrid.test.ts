import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { RunStatus } from '../../src/contract/run';
import { freePort } from '../../src/dev/free-port';
import { lookAt } from '../support/fingerprint';
import { ownCluster } from '../support/own-cluster';
import { createShopBench, shopDecisions, type ShopBench, type ShopPlan } from '../support/shop-bench';
import { bothSides, startShopWriter, type ShopWriter } from '../support/shop-writer';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { document, eventually, withClient, type Started } from '../support/workbench';

const ben = ['--by', 'ben', '--reason', 'the night is quiet'];
const small = 'on_failure: keep, batch: { rows: 50 }, approvers: { cutover: [ben] }';

describe('a run that follows a source which is written to', () => {
  let temporal: TestTemporal;
  let hook: Server;
  let switches: (string | undefined)[] = [];
  let hookAnswers = 200;
  const open: { close(): Promise<void> }[] = [];
  let server: { stop(): Promise<void> };

  beforeAll(async () => {
    // a slot waits until transactions of the whole server have ended, also those of other tests
    server = await ownCluster({ wal_level: 'logical', max_replication_slots: '8', max_wal_senders: '8' });
    hook = createServer((request, response) => {
      request.resume();
      request.on('end', () => {
        switches.push(request.headers['idempotency-key'] as string | undefined);
        response.statusCode = hookAnswers;
        response.end();
      });
    });
    await new Promise<void>((listening) => hook.listen(0, '127.0.0.1', listening));
    temporal = await startTemporal();
  });
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
    switches = [];
    hookAnswers = 200;
  });
  afterAll(async () => {
    await temporal.stop();
    await server.stop();
    hook.close();
  });

  const hookUrl = (): string => `http://127.0.0.1:${(hook.address() as AddressInfo).port}`;

  async function begin(
    plan: ShopPlan,
    ...worker: string[]
  ): Promise<{ bench: ShopBench; writer: ShopWriter; file: string }> {
    const bench = await createShopBench(temporal);
    open.push(bench);
    bench.worker(...worker);
    const writer = await startShopWriter(bench);
    open.push({ close: () => writer.stop() });
    const file = bench.plan('shop', { decisions: shopDecisions, capture: 'triggers', settings: small, ...plan });
    return { bench, writer, file };
  }

  const until = (bench: ShopBench, stands: (status: RunStatus) => boolean): Promise<RunStatus> =>
    eventually(async () => {
      const status = await bench.status('shop-1');
      return status !== null && stands(status) ? status : null;
    });
  /** Where the run ends instead, what it said is the failure of the test. */
  const atGate = (bench: ShopBench, run: Started): Promise<RunStatus> =>
    Promise.race([
      until(bench, ({ gate, follow }) => gate === 'cutover' && follow?.provedAt != null),
      run.ended.then((code) => {
        throw new Error(`The run ended with ${code}: ${run.stdout()}${run.stderr()}`);
      }),
    ]);

  test.each(['triggers', 'logical'] as const)(
    'with %s goes through drill, wrong approvals and cutover, and the target has what the source was told',
    async (capture) => {
      const { bench, writer, file } = await begin({ capture, settings: `${small}, switch: "${hookUrl()}"` });
      const run = bench.start('run', file, '--output', 'json');
      const { code } = await atGate(bench, run);

      const drill = await bench.rowproof('cutover', 'shop-1', '--drill', ...ben);
      expect([drill.code, drill.stderr]).toEqual([0, expect.any(String)]);
      const before = writer.acknowledged();
      await eventually(() => writer.acknowledged() > before + 20);
      expect(writer.refusedWith()).toBeNull();
      const drilled = await until(bench, ({ follow }) => follow?.drill != null);
      expect(drilled.follow?.drill).toMatchObject({ outcome: 'drilled', by: 'ben' });

      const wrong = await bench.rowproof('cutover', 'shop-1', '--code', '0000-0000', ...ben);
      expect(wrong.code).toBe(4);
      expect(wrong.stderr).toContain(`The plan code is ${code}`);
      const eva = await bench.rowproof('cutover', 'shop-1', '--code', code, '--by', 'eva', '--reason', 'me too');
      expect(eva.stderr).toContain('eva may not approve cutover; the plan names ben.');
      const nobody = await bench.rowproof('cutover', 'shop-1', '--code', code, '--by', ' ', '--reason', 'me too');
      expect(nobody.code).toBe(4);

      const approved = await bench.rowproof('cutover', 'shop-1', '--code', code, ...ben);
      expect(approved.stderr + approved.stdout).toContain('cutover approved by ben.');
      const twice = await bench.rowproof('cutover', 'shop-1', '--code', code, ...ben);
      expect(twice.code).toBe(4);

      expect([await run.ended, run.stderr()]).toEqual([0, expect.any(String)]);
      const end = document<{
        outcome: string;
        verdict: string;
        freeze: { ms: number; by: string };
        tables: readonly { table: string; source: number; unexplained: number }[];
      }>({
        stdout: run.stdout(),
        stderr: run.stderr(),
      });
      expect(end).toMatchObject({ outcome: 'complete', freeze: { by: 'ben' } });
      expect(end.verdict).toContain('approved by ben');
      // the books are those of the frozen source, not of the last proof before it
      const [frozen] = await bench.source.query<{ n: number }>('select count(*)::int as n from public.tbl_order');
      expect(end.tables.find(({ table }) => table === 'sales_order')).toMatchObject({
        source: frozen?.n,
        unexplained: 0,
      });
      await eventually(() => writer.refusedWith() !== null);
      const { expected, actual } = await bothSides(bench);
      expect(actual).toEqual(expected);
      // who wrote, and who still tried to once the source was frozen
      const writers = await bench.target.query(
        `select e.body ->> 'moment' as moment, w ->> 'application' as application, (w ->> 'sessions')::int as sessions
         from rowproof.event e cross join jsonb_array_elements(e.body -> 'writers') w where e.kind = 'writers' order by e.seq`,
      );
      expect(writers).toEqual([
        { moment: 'before', application: 'shop', sessions: 1 },
        { moment: 'after', application: 'shop', sessions: 1 },
      ]);
      expect(switches).toEqual(['shop-1:switch']);
      await bench.target.query("insert into shop.customer values (900001, 'New', '2026-01-01')");
    },
  );

  test('tells its lag, stands still while it is paused, and is rolled back from its gate: both sides are as they were', async () => {
    const port = await freePort();
    const { bench, writer, file } = await begin({}, '--metrics', `127.0.0.1:${port}`);
    const look = (): ReturnType<typeof lookAt> => lookAt(bench.target.query as never, 'shop');
    const before = await look();
    const run = bench.start('run', file, '--output', 'json');
    const { follow } = await atGate(bench, run);
    expect(follow?.lag).toEqual({
      marks: expect.any(Number) as number,
      seconds: expect.any(Number) as number,
      walBytes: 0,
    });
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(metrics).toMatch(/^rowproof_delta_lag_marks\{.*run="shop-1".*\} \d+$/m);
    expect(metrics).toMatch(/^rowproof_delta_lag_seconds\{.*run="shop-1".*\} [\d.]+$/m);
    await withClient(temporal, async (client) => {
      const query = `TaskQueue = '${bench.taskQueue}' AND WorkflowType = 'migration' AND DeltaLagSeconds >= 0`;
      await eventually(async () => (await client.workflow.count(query)).count === 1);
    });
    expect((await bench.rowproof('pause', 'shop-1')).code).toBe(0);
    const cursor = async (): Promise<unknown> => bench.target.query('select source, snapshot from rowproof.cursor');
    /** Where the cursor is before and after as many writes as several rounds would bring. */
    const across = async (): Promise<[unknown, unknown]> => {
      const [before, told] = [await cursor(), writer.acknowledged()];
      await eventually(() => writer.acknowledged() > told + 200);
      return [before, await cursor()];
    };
    await eventually(async () => isDeepStrictEqual(...(await across())));
    const [stood, stands] = await across();
    expect(stands).toEqual(stood);
    expect((await bench.rowproof('resume', 'shop-1')).code).toBe(0);
    await eventually(async () => !isDeepStrictEqual(await cursor(), stood));
    const abort = await bench.rowproof('abort', 'shop-1', '--then', 'rollback', ...ben);
    expect(abort.code).toBe(0);
    expect(await run.ended).toBe(1);
    expect(document({ stdout: run.stdout(), stderr: run.stderr() })).toMatchObject({ outcome: 'rolled_back' });
    expect(await look()).toEqual(before);
    const triggers = await bench.source.query('select tgname from pg_trigger where not tgisinternal');
    expect(triggers).toEqual([]);
    const seen = writer.acknowledged();
    await eventually(() => writer.acknowledged() > seen + 20);
  });

  test('shows a switch that fails for ever, and takes a person’s word that the application was moved', async () => {
    hookAnswers = 500;
    const { bench, file } = await begin({ settings: `${small}, switch: "${hookUrl()}"` });
    await bench.target.query(
      'create materialized view shop.per_customer as select customer_id, count(*)::int as n from shop.sales_order group by customer_id',
    );
    const run = bench.start('run', file, '--output', 'json');
    const { code } = await atGate(bench, run);
    await bench.rowproof('cutover', 'shop-1', '--code', code, ...ben);
    const asking = await until(bench, ({ gate }) => gate === 'switch');
    expect(asking.sentence).toContain('settings.switch failed');
    const late = await bench.rowproof('abort', 'shop-1', '--then', 'rollback', ...ben);
    expect(late.stderr).toContain('only goes forward');
    // whatever the application takes to move: nothing captures any more, and views show what the last rounds brought
    const marking = `select tgname from pg_trigger where not tgisinternal and tgname !~ 'freeze'`;
    await eventually(async () => (await bench.source.query(marking)).length === 0);
    const stale = `(table shop.per_customer except select customer_id, count(*)::int from shop.sales_order group by 1)
      union all (select customer_id, count(*)::int from shop.sales_order group by 1 except table shop.per_customer)`;
    await eventually(async () => (await bench.target.query(stale)).length === 0);
    expect((await bench.rowproof('approve', 'switch', '--code', code, ...ben)).code).toBe(0);
    expect(await run.ended).toBe(0);
    expect(new Set(switches)).toEqual(new Set(['shop-1:switch']));
  });

  test('of a source that is frozen first copies what stands still, and opens the target once that is approved', async () => {
    const { bench, writer, file } = await begin({ capture: 'none', settings: `${small}, pattern: big_bang` });
    const run = bench.start('run', file, '--output', 'json');
    const { code, follow } = await until(bench, ({ gate }) => gate === 'cutover');
    expect(writer.refusedWith()).not.toBeNull();
    expect(follow?.freeze).toMatchObject({ outcome: 'frozen' });
    await expect(bench.target.query("insert into shop.customer values (1, 'x', '2026-01-01')")).rejects.toThrow();
    expect((await bench.rowproof('cutover', 'shop-1', '--code', code, ...ben)).code).toBe(0);
    expect(await run.ended).toBe(0);
    const { expected, actual } = await bothSides(bench);
    expect(actual).toEqual(expected);

    const asked = await bench.rowproof('finish', 'shop-1');
    expect([asked.code, asked.stderr]).toEqual([4, expect.stringContaining('lifts the freeze of legacy')]);
    await expect(bench.source.query('update tbl_order set total_cents = 1 where order_id = 1')).rejects.toThrow();
    expect((await bench.rowproof('finish', 'shop-1', '--lift-freeze')).code).toBe(0);
    await bench.source.query('update tbl_order set total_cents = 1 where order_id = 1');
  });
});
