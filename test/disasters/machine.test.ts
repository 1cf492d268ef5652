import { Client } from 'pg';
import { bothSides, startShopWriter } from '../support/shop-writer';
import { eventually } from '../support/workbench';
import { openStage, type Stage } from './stage';

/** The whole machine goes at once and comes back; nobody does more than to start a worker again. */
describe.each(['triggers', 'logical'] as const)('a machine that is lost, with %s', (capture) => {
  let stage: Stage;
  afterEach(() => stage.close());

  it('in the middle of following goes on where it was, and what is written afterwards arrives', async () => {
    stage = await openStage(capture, 'delta: { round_keys: 50 }');
    const { bench, until, approve } = stage;
    const { code } = await until(({ gate }) => gate === 'cutover');
    await bench.source.query('update public.tbl_order set total_cents = total_cents + 7');
    await stage.lose();
    await stage.comeBack();
    const second = await startShopWriter(bench, 300_000);
    await eventually(() => second.acknowledged() > 20);
    await until(({ gate, follow }) => gate === 'cutover' && follow?.trouble == null);
    await approve(code);
    await stage.completes();
    await eventually(() => second.refusedWith() !== null);
    await second.stop();
    const { expected, actual } = await bothSides(bench);
    expect(actual).toEqual(expected);
  });

  it('right after the freeze opens the target by itself', async () => {
    stage = await openStage(capture);
    const { bench, until, approve, servers } = stage;
    const { code } = await until(({ gate }) => gate === 'cutover');
    // a report that is running keeps the guards from going, and so the target from being opened
    const url = new URL(servers.target.url());
    url.pathname = `/${bench.target.name}`;
    const report = new Client({ connectionString: url.toString() });
    report.on('error', () => undefined);
    await report.connect();
    await report.query('begin; lock table shop.customer in access share mode');
    await approve(code);
    await eventually(async () => {
      const frozen = await bench.source.query("select from pg_trigger where tgname like 'rowproof_freeze%'");
      return frozen.length > 0;
    });
    await stage.lose();
    await report.end().catch(() => undefined);
    await servers.target.start();
    const guards = await bench.target.query("select from pg_trigger where tgname like 'rowproof_guard%'");
    expect(guards.length).toBeGreaterThan(0);
    await servers.target.kill();
    await stage.comeBack();
    await stage.completes();
    await expect(bench.source.query('delete from public.tbl_order')).rejects.toMatchObject({ code: '25006' });
    await bench.target.query("insert into shop.customer values (900001, 'New', '2026-01-01')");
    await bench.target.query('delete from shop.customer where customer_no = 900001');
    const { expected, actual } = await bothSides(bench);
    expect(actual).toEqual(expected);
  });
});
