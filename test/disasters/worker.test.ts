import { Client } from 'pg';
import { bothSides } from '../support/shop-writer';
import { eventually } from '../support/workbench';
import { openStage, type Stage } from './stage';

/** What LOCK TABLE … IN SHARE ROW EXCLUSIVE MODE asks for. */
const barrierLock = `locktype = 'relation' and mode = 'ShareRowExclusiveLock' and database = (select oid from pg_database where datname = current_database())`;

describe('a worker that holds the barrier', () => {
  let stage: Stage;
  const clients: Client[] = [];
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined)));
    await stage.close();
  });

  async function connect(url: string): Promise<Client> {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    clients.push(client);
    return client;
  }

  /** The worker under its barrier, where it waits for the apply lease that `keeper` has. */
  async function underBarrier(): Promise<Client> {
    const { bench, until, approve } = stage;
    const { code } = await until(({ gate }) => gate === 'cutover');
    const [open, keeper] = [await connect(bench.source.url), await connect(bench.target.url)];
    const there = (sql: string) => async () => (await bench.source.query(sql)).length > 0;
    // keeps the barrier from being taken until the apply lease is kept
    await open.query('begin; update public.tbl_cust set cust_nm = cust_nm where cust_no = 1');
    await approve(code);
    await eventually(there(`select from pg_locks where ${barrierLock} and not granted`));
    await keeper.query(`begin; select from rowproof.apply_lease where lease = 'delta' for update`);
    await open.query('commit');
    await eventually(there(`select from pg_locks where ${barrierLock} and granted`));
    await eventually(there(`select from pg_locks where mode = 'RowExclusiveLock' and not granted`));
    return keeper;
  }

  async function completes(): Promise<void> {
    const { bench, writer } = stage;
    await stage.completes();
    await eventually(() => writer.refusedWith() !== null);
    const { expected, actual } = await bothSides(bench);
    expect(actual).toEqual(expected);
  }

  it('and is killed lets the writers go on, and the next worker ends the cutover that was approved', async () => {
    stage = await openStage('triggers', 'cutover: { max_freeze: 30min }');
    const { bench, writer } = stage;
    const keeper = await underBarrier();
    const before = writer.acknowledged();
    for (const { child } of bench.workers()) child.kill('SIGKILL');
    await eventually(() => writer.acknowledged() > before + 20);
    await keeper.query('rollback');
    bench.worker();
    await completes();
  });

  it('and is stopped loses it at the limit, and does no harm when it comes back beside another one', async () => {
    stage = await openStage('triggers', 'cutover: { max_freeze: 6s }');
    const { bench, writer } = stage;
    const keeper = await underBarrier();
    const [stopped] = bench.workers();
    const before = writer.acknowledged();
    stopped?.child.kill('SIGSTOP');
    await eventually(() => writer.acknowledged() > before + 20);
    await keeper.query('rollback');
    bench.worker();
    await stage.completes();
    stopped?.child.kill('SIGCONT');
    await completes();
    await expect(bench.source.query('delete from public.tbl_order')).rejects.toMatchObject({ code: '25006' });
  });
});
