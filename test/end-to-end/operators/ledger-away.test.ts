import { openAwayProxy, type AwayProxy } from '../../support/away-proxy';
import { createShopBench, shopDecisions, type ShopBench } from '../../support/shop-bench';
import { startTemporal, type TestTemporal } from '../../support/temporal';
import { eventually, withClient } from '../../support/workbench';

const ben = ['--by', 'ben', '--reason', 'because'];
const unwritten = 'The ledger cannot be written now, so nothing was done: ';

describe('commands while the target, and the ledger with it, is away', () => {
  let temporal: TestTemporal;
  let bench: ShopBench;
  let proxy: AwayProxy;
  let code: string;

  /** Kinds of events of operators with their states, in the order of the ledger. */
  const recorded = async (): Promise<string[]> => {
    const rows = await bench.target.query<{ what: string }>(
      `select concat_ws(' ', kind, body ->> 'name', body ->> 'state') as what from rowproof.event
       where body ? 'command' order by seq`,
    );
    return rows.map(({ what }) => what);
  };
  const eventuallyRecorded = (what: string): Promise<string[]> =>
    eventually(async () => {
      const all = await recorded();
      return all.includes(what) ? all : null;
    });

  beforeAll(async () => {
    temporal = await startTemporal();
    bench = await createShopBench(temporal, {
      through: async (url) => {
        proxy = await openAwayProxy(url);
        return proxy.url;
      },
    });
    bench.worker();
    const plan = bench.plan('shop', {
      decisions: shopDecisions,
      capture: 'triggers',
      settings: 'on_failure: keep, batch: { rows: 50 }',
    });
    bench.start('run', plan, '--wait');
    ({ code } = await bench.until('shop-1', ({ gate, follow }) => gate === 'cutover' && follow?.provedAt != null));
  });
  afterAll(async () => {
    await bench.close();
    proxy.close();
    await temporal.stop();
  });

  it('an approval, a drill and `resume` are refused and do nothing; `pause` holds and is recorded later', async () => {
    proxy.away();
    const paused = await bench.rowproof('pause', 'shop-1', ...ben);
    expect([paused.code, paused.stdout]).toEqual([0, expect.stringContaining('No further batch is started')]);
    const resumed = await bench.rowproof('resume', 'shop-1', ...ben);
    expect([resumed.code, resumed.stderr]).toEqual([4, expect.stringContaining(unwritten)]);
    proxy.back();
    const deferred = await eventuallyRecorded('paused pause done');
    expect(deferred.filter((what) => what.startsWith('resumed'))).toEqual([]);
    const early = await bench.rowproof('cutover', 'shop-1', '--drill', ...ben);
    expect([early.code, early.stderr]).toEqual([4, expect.stringContaining('The run is paused')]);
    expect((await bench.rowproof('resume', 'shop-1', ...ben)).code).toBe(0);

    proxy.away();
    for (const command of [
      ['cutover', 'shop-1', '--code', code],
      ['cutover', 'shop-1', '--drill'],
    ]) {
      const said = await bench.rowproof(...command, ...ben);
      expect([said.code, said.stderr]).toEqual([4, expect.stringContaining(unwritten)]);
    }
    expect((await bench.status('shop-1'))?.gate).toBe('cutover');
    proxy.back();
    await eventuallyRecorded('command drill refused');
    await eventuallyRecorded('command approve refused');
    const all = await eventuallyRecorded('resumed resume done');
    expect(all.filter((what) => /^approved|^drill/.test(what))).toEqual([]);
    expect(all).toContain('command resume accepted');
    expect(await bench.target.query('select 1 from rowproof.cutover')).toEqual([]);
  });

  it('a message of a child that cannot be read is an alarm on the page', async () => {
    await withClient(temporal, (client) => client.workflow.getHandle('shop-1').signal('progress', { table: 5 }));
    const { alarms } = await bench.until('shop-1', (status) => (status.alarms ?? []).length > 0);
    expect(alarms).toEqual([expect.stringContaining('`progress` between workflows of the run cannot be read (table')]);
    expect((await bench.rowproof('status', 'shop-1')).stdout).toContain('cannot be read');
  });

  it('`abort` stops feeding and says that undoing waits; once the ledger is back the run is undone', async () => {
    await bench.until('shop-1', ({ follow }) => follow?.trouble == null);
    proxy.away();
    const aborted = await bench.rowproof('abort', 'shop-1', '--then', 'rollback', ...ben);
    expect([aborted.code, aborted.stdout]).toEqual([
      0,
      expect.stringContaining('The abort by ben waits for the ledger, which cannot be written now'),
    ]);
    const again = await bench.rowproof('abort', 'shop-1', ...ben);
    expect([again.code, again.stderr]).toEqual([4, expect.stringContaining('waits for the ledger')]);
    const resumed = await bench.rowproof('resume', 'shop-1', ...ben);
    expect([resumed.code, resumed.stderr]).toEqual([4, expect.stringContaining('waits for the ledger')]);
    expect(await bench.target.query('select count(*)::int as n from shop.customer')).toEqual([{ n: 297 }]);
    proxy.back();
    await eventually(async () => {
      const rows = await bench.target.query<{ outcome: string }>('select outcome from rowproof.run');
      return rows[0]?.outcome === 'rolled_back';
    });
    expect(await bench.target.query('select count(*)::int as n from shop.customer')).toEqual([{ n: 0 }]);
    expect(await eventuallyRecorded('aborted abort done')).toContain('command abort accepted');
  });
});
