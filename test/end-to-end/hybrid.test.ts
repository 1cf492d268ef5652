import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RunStatus } from '../../src/contract/run';
import { lookAt } from '../support/fingerprint';
import { ownCluster } from '../support/own-cluster';
import { createShopBench, shopDecisions, type ShopBench, type ShopPlan } from '../support/shop-bench';
import { bothSides, startShopWriter, type ShopWriter } from '../support/shop-writer';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { document, eventually, type Started } from '../support/workbench';

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

  async function begin(plan: ShopPlan): Promise<{ bench: ShopBench; writer: ShopWriter; file: string }> {
    const bench = await createShopBench(temporal);
    open.push(bench);
    bench.worker();
    const writer = await startShopWriter(bench);
    open.push({ close: () => writer.stop() });
    const file = bench.plan('shop', { decisions: shopDecisions, capture: 'triggers', settings: small, ...plan });
    return { bench, writer, file };
  }

  const until = (bench: ShopBench, stands: (status: RunStatus) => boolean): Promise<RunStatus> =>
    eventually(async () => {
      const { code, stdout } = await bench.rowproof('status', 'shop-1', '--output', 'json');
      const status = code === 0 ? (JSON.parse(stdout) as { status?: RunStatus }).status : undefined;
      return status !== undefined && stands(status) ? status : null;
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
      const end = document<{ outcome: string; verdict: string; freeze: { ms: number; by: string } }>({
        stdout: run.stdout(),
        stderr: run.stderr(),
      });
      expect(end).toMatchObject({ outcome: 'complete', freeze: { by: 'ben' } });
      expect(end.verdict).toContain('approved by ben');
      await eventually(() => writer.refusedWith() !== null);
      const { expected, actual } = await bothSides(bench);
      expect(actual).toEqual(expected);
      expect(switches).toEqual(['shop-1:switch']);
      await bench.target.query("insert into shop.customer values (900001, 'New', '2026-01-01')");
    },
  );

  test('is rolled back from its gate: the source is free and clean, the target as it was', async () => {
    const { bench, writer, file } = await begin({});
    const look = (): ReturnType<typeof lookAt> => lookAt(bench.target.query as never, 'shop');
    const before = await look();
    const run = bench.start('run', file, '--output', 'json');
    await atGate(bench, run);
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
    const run = bench.start('run', file, '--output', 'json');
    const { code } = await atGate(bench, run);
    await bench.rowproof('cutover', 'shop-1', '--code', code, ...ben);
    const asking = await until(bench, ({ gate }) => gate === 'switch');
    expect(asking.sentence).toContain('settings.switch failed');
    const late = await bench.rowproof('abort', 'shop-1', '--then', 'rollback', ...ben);
    expect(late.stderr).toContain('only goes forward');
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
  });
});
