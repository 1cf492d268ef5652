import { isDeepStrictEqual } from 'node:util';
import type { ReportDocument } from '../../src/contract/report';
import type { RunStatus } from '../../src/contract/run';
import { freePort } from '../../src/dev/free-port';
import { captureLeft } from '../support/capture-left';
import { lookAt } from '../support/postgres/fingerprint';
import { ownCluster } from '../support/postgres/own-cluster';
import { dropSlot, slowTriggers } from '../support/postgres/hinder-source';
import { createShopBench, shopDecisions, type ShopBench, type ShopPlan } from '../support/shop-bench';
import { bothSides, countedShop, startShopWriter, type ShopWriter } from '../support/shop-writer';
import { wrongSums } from '../support/printed/report-sums';
import { openSwitchHook, type SwitchHook } from '../support/switch-hook';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { document, eventually, withClient, type Started } from '../support/workbench';

const ben = ['--by', 'ben', '--reason', 'the night is quiet'];
const small = 'on_failure: keep, batch: { rows: 50 }, approvers: { cutover: [ben] }';

describe('a run that follows a source which is written to', () => {
  let temporal: TestTemporal;
  let hook: SwitchHook;
  const open: { close(): Promise<void> }[] = [];
  let server: { stop(): Promise<void> };

  beforeAll(async () => {
    // a slot waits until transactions of the whole server have ended, also those of other tests
    server = await ownCluster({ wal_level: 'logical', max_replication_slots: '8', max_wal_senders: '8' });
    hook = await openSwitchHook();
    temporal = await startTemporal();
  });
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
    hook.reset();
  });
  afterAll(async () => {
    await temporal.stop();
    await server.stop();
    hook.close();
  });

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

  /** Where the run ends instead, what it said is the failure of the test. */
  const atGate = (bench: ShopBench, run: Started): Promise<RunStatus> =>
    Promise.race([
      bench.until('shop-1', ({ gate, follow }) => gate === 'cutover' && follow?.provedAt != null),
      run.ended.then((code) => {
        throw new Error(`The run ended with ${code}: ${run.stdout()}${run.stderr()}`);
      }),
    ]);

  const cursorOf = async (bench: ShopBench): Promise<unknown> =>
    bench.target.query('select source, snapshot from rowproof.cursor');
  /** Resolves once a round has come over what is in the target now, and another one after it. */
  const roundsGoOn = async (bench: ShopBench): Promise<void> => {
    for (let rounds = 0; rounds < 2; rounds += 1) {
      const stood = await cursorOf(bench);
      await eventually(async () => !isDeepStrictEqual(await cursorOf(bench), stood));
    }
  };

  /** A row that nobody has decided about, met by the rounds of a drill: the drill says so, and the run asks without a cutover. */
  async function rowOfANewKind(bench: ShopBench): Promise<void> {
    await bench.source.query(`insert into public.tbl_cust values (900500, 'No Date', null)`);
    const drill = await bench.rowproof('cutover', 'shop-1', '--drill', ...ben);
    const name = 'customer.signed_up_on.not_null';
    expect([drill.code, drill.stdout.trim()]).toEqual([
      1,
      `shop-1: Rows in quarantine have no decision: ${name} (1 row); writers are free again and the run goes on following.`,
    ]);
    const asked = await bench.until('shop-1', ({ undecided }) => undecided.length > 0);
    const sentence = `1 row of customer is quarantined and needs a decision (${name}).`;
    expect(asked.undecided).toMatchObject([{ id: name, sentence, choices: ['quarantine', 'stop'] }]);
    expect((await bench.rowproof('decide', name, 'quarantine', ...ben)).code).toBe(0);
  }

  /** A column that the plan does not know waits for a decision while rounds go on; the cutover is refused by its name. */
  async function newColumn(bench: ShopBench, code: string): Promise<void> {
    await bench.source.query('alter table public.tbl_cust add column note text');
    const asked = await bench.until('shop-1', ({ undecided }) => undecided.length > 0);
    const sentence = 'public.tbl_cust has a new column note that the plan does not map: its values stay behind.';
    expect(asked.undecided).toMatchObject([
      { id: 'customer.note.new_column', sentence, choices: ['accept', 'stop'], decided: null },
    ]);
    await roundsGoOn(bench);
    const refused = await bench.rowproof('cutover', 'shop-1', '--code', code, ...ben);
    expect([refused.code, refused.stderr]).toEqual([
      4,
      expect.stringContaining('No cutover while findings have no decision: customer.note.new_column.'),
    ]);
    const decided = await bench.rowproof('decide', 'customer.note.new_column', 'accept', ...ben);
    expect([decided.code, decided.stdout]).toEqual([
      0,
      expect.stringContaining('customer.note.new_column: accept, decided by ben.'),
    ]);
  }

  /** What makes the capture miss changes stops the apply lease by name, until an operator has it repaired and read again. */
  async function stoppedCapture(bench: ShopBench, capture: 'triggers' | 'logical', code: string): Promise<void> {
    if (capture === 'triggers') await bench.source.query('alter table public.tbl_order disable trigger all');
    else await dropSlot(bench.source);
    // nothing notes these
    await bench.source.query('delete from public.tbl_order where order_id = 399');
    await bench.source.query('insert into public.tbl_order values (99000, 2, 4200)');
    const { blocked } = await bench.until('shop-1', (status) => status.blocked.length > 0);
    expect(blocked).toMatchObject([
      {
        what: 'capture',
        why: expect.stringMatching(
          capture === 'triggers'
            ? /Source legacy: public\.tbl_order: the trigger \S+ on \S+ was disabled/
            : /Source legacy: .*slot/,
        ) as string,
      },
    ]);
    const cutover = await bench.rowproof('cutover', 'shop-1', '--code', code, ...ben);
    expect([cutover.code, cutover.stderr]).toEqual([
      4,
      expect.stringContaining('No cutover while something is blocked: capture.'),
    ]);
    const drill = await bench.rowproof('cutover', 'shop-1', '--drill', ...ben);
    expect([drill.code, drill.stderr]).toEqual([
      4,
      expect.stringContaining('No drill while something is blocked: capture.'),
    ]);
    const resolved = await bench.rowproof('resolve', 'capture', 'resync', ...ben);
    expect([resolved.code, resolved.stdout]).toEqual([0, expect.stringContaining('capture: resync.')]);
    await bench.until('shop-1', (status) => status.blocked.length === 0);
    await roundsGoOn(bench);
  }

  test.each(['triggers', 'logical'] as const)(
    'with %s goes through drills, a new column, a stopped capture, wrong approvals and cutover, and the target has what the source was told',
    async (capture) => {
      const { bench, writer, file } = await begin({ capture, settings: `${small}, switch: "${hook.url}"` });
      const run = bench.start('run', file, '--wait', '--output', 'json');
      const { code } = await atGate(bench, run);

      await rowOfANewKind(bench);
      // as often as wanted
      for (let drills = 0; drills < 2; drills += 1) {
        const drill = await bench.rowproof('cutover', 'shop-1', '--drill', ...ben);
        expect([drill.code, drill.stdout, drill.stderr]).toEqual([
          0,
          expect.stringMatching(/^shop-1: Writers waited [\d.]+ s \(limit 5\.0 s\) and go on\.$/m),
          expect.any(String),
        ]);
      }
      const before = writer.acknowledged();
      await eventually(() => writer.acknowledged() > before + 20);
      expect(writer.refusedWith()).toBeNull();
      const drilled = await bench.until('shop-1', ({ follow }) => follow?.drill != null);
      expect(drilled.follow?.drill).toMatchObject({ outcome: 'drilled', by: 'ben' });
      await newColumn(bench, code);
      await stoppedCapture(bench, capture, code);

      const wrong = await bench.rowproof('cutover', 'shop-1', '--code', '0000-0000', ...ben);
      expect(wrong.code).toBe(4);
      expect(wrong.stderr).toContain(`The plan code is ${code}`);
      const eva = await bench.rowproof('cutover', 'shop-1', '--code', code, '--by', 'eva', '--reason', 'me too');
      expect(eva.stderr).toContain('eva may not approve cutover; the plan names ben.');
      const nobody = await bench.rowproof('cutover', 'shop-1', '--code', code, '--by', ' ', '--reason', 'me too');
      expect([nobody.code, nobody.stderr]).toEqual([
        4,
        expect.stringContaining(
          'approve got an input it cannot use: by: Too small: expected string to have >=1 characters.',
        ),
      ]);

      // after the proof, and before the freeze: rows that arrive, rows whose parent is in quarantine, and one without any parent
      await bench.source.query(
        `insert into public.tbl_order select 990000 + n, case when n <= 5 then 1 when n <= 8 then 7 else 990000 end, 1 from generate_series(1, 9) n`,
      );
      let answer: () => void = () => undefined;
      hook.may = new Promise((may) => (answer = may));
      const approved = await bench.rowproof('cutover', 'shop-1', '--code', code, ...ben);
      expect(approved.stderr + approved.stdout).toContain('cutover approved by ben.');
      const twice = await bench.rowproof('cutover', 'shop-1', '--code', code, ...ben);
      answer();
      expect([twice.code, twice.stderr]).toEqual([4, expect.stringContaining('cutover is approved already.')]);

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
      expect(end.freeze.ms).toBeGreaterThan(0);
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
      const report = document<ReportDocument>(await bench.rowproof('report', 'shop-1', '--output', 'json'));
      const { cutovers, writers } = report;
      const counted = await countedShop(bench);
      expect(wrongSums(report, counted)).toEqual([]);
      const [one, ...others] = report.quarantine;
      const off = { ...report, quarantine: [{ ...one!, rows: one!.rows + 1 }, ...others] };
      expect(wrongSums(off, counted)).not.toEqual([]);
      const orders = report.quarantine.filter(({ mapping }) => mapping === 'sales_order');
      const [withoutParent] = await bench.source.query<{ n: number }>(
        `select count(*)::int as n from public.tbl_order o where not exists
           (select from public.tbl_cust c where c.cust_no = o.cust_no and c.signup_dt = '15/06/2021')`,
      );
      expect(orders.reduce((all, { rows }) => all + rows, 0)).toBe(withoutParent?.n);
      expect(cutovers.map(({ drill, outcome, by }) => [drill, outcome, by])).toEqual([
        [true, 'not_proved', 'ben'],
        [true, 'drilled', 'ben'],
        [true, 'drilled', 'ben'],
        [false, 'frozen', 'ben'],
      ]);
      expect(cutovers.at(-1)?.freezeMs).toBe(end.freeze.ms);
      // who wrote, and who still tried to once the source was frozen
      const [{ user }] = (await bench.source.query('select current_user as user')) as [{ user: string }];
      expect(writers).toEqual([
        { moment: 'before', source: 'legacy', application: 'shop', user, sessions: 1 },
        { moment: 'after', source: 'legacy', application: 'shop', user, sessions: 1 },
      ]);
      expect(await captureLeft(bench.source)).toEqual([]);
      expect(hook.calls).toEqual(['shop-1:switch']);
      await bench.target.query("insert into shop.customer values (900001, 'New', '2026-01-01')");
    },
  );

  test('tells its lag, stands still while it is paused, and is rolled back from its gate: both sides are as they were', async () => {
    const port = await freePort();
    const { bench, writer, file } = await begin({}, '--metrics', `127.0.0.1:${port}`);
    const look = (): ReturnType<typeof lookAt> => lookAt(bench.target.query as never, 'shop');
    const before = await look();
    const run = bench.start('run', file, '--wait', '--output', 'json');
    const { follow } = await atGate(bench, run);
    expect(follow?.lag).toEqual({
      changes: expect.any(Number) as number,
      seconds: expect.any(Number) as number,
      walBytes: 0,
    });
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(metrics).toMatch(/^rowproof_delta_lag_changes\{.*run="shop-1".*\} \d+$/m);
    expect(metrics).toMatch(/^rowproof_delta_lag_seconds\{.*run="shop-1".*\} [\d.]+$/m);
    const figure = (name: string, labels: readonly string[]): number => {
      const line = metrics
        .split('\n')
        .find((one) => one.startsWith(`${name}{`) && labels.every((l) => one.includes(l)));
      return Number(line?.split(' ').at(-1) ?? 'NaN');
    };
    const labels = ['run="shop-1"', 'table="customer"'];
    expect(figure('rowproof_copied_batches', labels)).toBeGreaterThan(0);
    expect(figure('rowproof_copied_rows', labels)).toBeGreaterThan(0);
    expect(figure('rowproof_copied_bytes', labels)).toBeGreaterThan(figure('rowproof_copied_rows', labels));
    expect(figure('rowproof_quarantined_rows', labels)).toBeGreaterThanOrEqual(0);
    expect(figure('rowproof_proved_rows', labels)).toBeGreaterThan(0);
    expect(figure('rowproof_differing_rows', labels)).toBe(0);
    const own = metrics.split('\n').filter((one) => one.startsWith('rowproof_'));
    const names = new Set(own.flatMap((one) => [...one.matchAll(/(\w+)="/g)].map(([, name]) => name)));
    for (const name of ['key', 'value', 'row']) expect(names).not.toContain(name);
    await withClient(temporal, async (client) => {
      const query = `TaskQueue = '${bench.taskQueue}' AND WorkflowType = 'migration' AND DeltaLagSeconds >= 0`;
      await eventually(async () => (await client.workflow.count(query)).count === 1);
    });
    expect((await bench.rowproof('pause', 'shop-1')).code).toBe(0);
    /** Where the cursor is before and after as many writes as several rounds would bring. */
    const across = async (): Promise<[unknown, unknown]> => {
      const [before, told] = [await cursorOf(bench), writer.acknowledged()];
      await eventually(() => writer.acknowledged() > told + 200);
      return [before, await cursorOf(bench)];
    };
    await eventually(async () => isDeepStrictEqual(...(await across())));
    const [stood, readExistingFreeze] = await across();
    expect(readExistingFreeze).toEqual(stood);
    expect((await bench.rowproof('resume', 'shop-1')).code).toBe(0);
    await eventually(async () => !isDeepStrictEqual(await cursorOf(bench), stood));
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

  test('lets writers go when its freeze gets too long, goes on, and shows a switch that fails for ever until a person says that the application was moved', async () => {
    hook.answers = 500;
    const settings = `${small}, switch: "${hook.url}", cutover: { max_freeze: 2s }`;
    const { bench, writer, file } = await begin({ settings });
    const slow = await slowTriggers(bench.source);
    open.push(slow);
    await bench.target.query(
      'create materialized view shop.per_customer as select customer_id, count(*)::int as n from shop.sales_order group by customer_id',
    );
    const run = bench.start('run', file, '--wait', '--output', 'json');
    const { code } = await atGate(bench, run);

    await slow.begin();
    // which step it was in depends on how fast the machine is
    const breach =
      /The freeze reached its limit of 2\.0 s while [a-z ]+; writers are free again and the run goes on following\.$/;
    const drill = await bench.rowproof('cutover', 'shop-1', '--drill', ...ben, '--output', 'json');
    expect([drill.code, document(drill)]).toEqual([
      1,
      { run: 'shop-1', command: 'drill', answer: expect.stringMatching(breach) as string, outcome: 'deadline' },
    ]);
    expect((await bench.rowproof('cutover', 'shop-1', '--code', code, ...ben)).code).toBe(0);
    const again = await bench.until('shop-1', ({ gate, follow }) => gate === 'cutover' && follow?.freeze != null);
    expect(again.sentence).toMatch(/^waits for approval of the cutover\. The last attempt released the writers\. /);
    expect(again.sentence).toMatch(breach);
    expect(again.follow?.freeze).toMatchObject({ outcome: 'deadline', by: 'ben' });
    const told = writer.acknowledged();
    await eventually(() => writer.acknowledged() > told + 20);
    expect(writer.refusedWith()).toBeNull();
    await roundsGoOn(bench);
    await slow.end();

    const approve = (...terms: string[]): ReturnType<typeof bench.rowproof> =>
      bench.rowproof('approve', 'cutover', '--run', 'shop-1', '--code', code, ...terms, ...ben);
    const unclear = await approve('--max-freeze', '8');
    expect([unclear.code, unclear.stderr]).toEqual([4, expect.stringContaining('max_freeze is "8"; it has to be')]);
    await approve('--max-freeze', '8s', '--books', 'aligned');
    const asking = await bench.until('shop-1', ({ gate }) => gate === 'switch');
    expect(asking.sentence).toContain('settings.switch failed');
    expect(asking.follow?.freeze).toMatchObject({
      outcome: 'frozen',
      limits: { maxFreezeMs: 8_000, books: 'aligned', overridden: ['max_freeze', 'books'] },
    });
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
    expect(new Set(hook.calls)).toEqual(new Set(['shop-1:switch']));
    expect(writer.refusedWith()).toBe('25006');
    const { expected, actual } = await bothSides(bench);
    expect(actual).toEqual(expected);
  });

  test('of a source that is frozen first copies what stands still, and opens the target once that is approved', async () => {
    const { bench, writer, file } = await begin({
      capture: 'none',
      settings: `${small}, pattern: big_bang, cutover: { confirm_switch: true }`,
    });
    const run = bench.start('run', file, '--wait', '--output', 'json');
    const { code, follow } = await bench.until('shop-1', ({ gate }) => gate === 'cutover');
    expect(writer.refusedWith()).not.toBeNull();
    expect(follow?.freeze).toMatchObject({ outcome: 'frozen' });
    await expect(bench.target.query("insert into shop.customer values (1, 'x', '2026-01-01')")).rejects.toThrow();
    expect((await bench.rowproof('cutover', 'shop-1', '--code', code, ...ben)).code).toBe(0);
    const asking = await bench.until('shop-1', ({ gate }) => gate === 'switch');
    expect(asking).toMatchObject({ state: 'waiting', sentence: 'waits for confirmation of the switch' });
    // it is open already: the application is moved before anybody can say that it was
    await bench.target.query("insert into shop.customer values (900001, 'New', '2026-01-01')");
    await bench.target.query('delete from shop.customer where customer_no = 900001');
    expect(await bench.status('shop-1')).toMatchObject({ gate: 'switch', state: 'waiting' });
    expect((await bench.rowproof('approve', 'switch', '--code', code, ...ben)).code).toBe(0);
    expect(await run.ended).toBe(0);
    const { expected, actual } = await bothSides(bench);
    expect(actual).toEqual(expected);

    const asked = await bench.rowproof('finish', 'shop-1');
    expect([asked.code, asked.stderr]).toEqual([4, expect.stringContaining('releases the freeze of legacy')]);
    await expect(bench.source.query('update tbl_order set total_cents = 1 where order_id = 1')).rejects.toThrow();
    expect((await bench.rowproof('finish', 'shop-1', '--release-freeze')).code).toBe(0);
    await bench.source.query('update tbl_order set total_cents = 1 where order_id = 1');
  });
});
