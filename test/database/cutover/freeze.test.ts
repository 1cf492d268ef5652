import {
  Clients,
  onSource,
  openCutoverRun,
  sides,
  sqlstateOf,
  until,
  withSettings,
  type CutoverRun,
} from './cutover-fixture';

const refused = '25006';
/** sequenceMargin of the plan. */
const margin = 1000;
const go = { drill: false, by: 'ben' };
const drill = { drill: true, by: 'ben' };
const impatientOf = (run: CutoverRun) => withSettings(run, { cutover: { lockBudgetMs: 600 } });

/** Writers that note what was acknowledged, until they are refused or told to stop. */
function writeOn(run: CutoverRun, clients: Clients, count: number) {
  const acknowledged = new Map<number, number>();
  const ends: string[] = [];
  let going = true;
  const all = Array.from({ length: count }, async (_, at) => {
    const client = await clients.open(run.source.url);
    for (let turn = 1; going; turn++) {
      // far enough apart for however fast the machine is
      const id = 1_000_000 * (at + 1) + turn;
      try {
        await client.query('begin');
        await client.query('insert into accounts values ($1, $2, $3)', [id, `w${at}`, turn]);
        await client.query('update accounts set balance = balance + 1 where id = $1', [at + 1]);
        await client.query('commit');
        acknowledged.set(id, turn);
      } catch (error) {
        ends.push((error as { code?: string }).code ?? 'none');
        await client.query('rollback').catch(() => undefined);
        return;
      }
    }
  });
  return {
    acknowledged,
    ends,
    stop: async () => {
      going = false;
      await Promise.all(all);
    },
    ended: () => Promise.all(all),
  };
}

describe('the freeze', () => {
  let run: CutoverRun;
  const clients = new Clients();
  beforeEach(async () => {
    run = await openCutoverRun();
  });
  afterEach(async () => {
    await clients.end();
    await run.drop();
  });

  it('brings every acknowledged write to the target and stops the writers, none of whom is left hanging', async () => {
    const writers = writeOn(run, clients, 4);
    await until(() => Promise.resolve(writers.acknowledged.size > 50));
    const result = await run.cutover.cutOver({ ref: run.ref, ...go });
    expect(result).toMatchObject({ outcome: 'frozen' });
    // sessions are counted in a few looks, and one may be between two transactions at each of them
    expect(result.writers).toEqual([expect.objectContaining({ application: 'shop' })]);
    expect([1, 2, 3, 4]).toContain(result.writers[0]?.sessions);
    await writers.ended();
    expect(writers.ends).toEqual([refused, refused, refused, refused]);
    const { source, target } = await sides(run);
    expect(target).toEqual(source);
    const there = await run.target.query<{ id: number }>('select id from accounts where id >= 1000');
    expect(new Set(there.map(({ id }) => id))).toEqual(new Set(writers.acknowledged.keys()));
  });

  it('refuses the owner, a superuser, a replication role, TRUNCATE, COPY, partitions and inheritors alike', async () => {
    await run.cutover.cutOver({ ref: run.ref, ...go });
    const client = await clients.open(run.source.url);
    for (const statement of [
      'insert into accounts values (9999)',
      'update accounts set balance = 1 where false',
      'delete from accounts',
      'truncate accounts',
      'truncate parts_2',
      `insert into parts values (1000, 1, 'x')`,
      `insert into parts_1 values (1000, 1, 'x')`,
      'delete from parts_2',
      `copy accounts from program 'true'`,
    ]) {
      expect([statement, await sqlstateOf(client.query(statement))]).toEqual([statement, refused]);
    }
    await client.query('set session_replication_role = replica');
    expect(await sqlstateOf(client.query('delete from accounts'))).toBe(refused);
    expect((await client.query('select count(*)::int as n from accounts')).rows).toEqual([{ n: 200 }]);
  });

  it('waits for a writer in flight and takes its rows along', async () => {
    const client = await clients.open(run.source.url);
    await client.query(`begin; insert into accounts values (5000, 'late', 7)`);
    const cut = run.cutover.cutOver({ ref: run.ref, ...go });
    const tried = async (): Promise<boolean> =>
      (await run.source.query(`select 1 from pg_locks where mode = 'ShareRowExclusiveLock' and not granted`)).length >
      0;
    await until(tried);
    await client.query('commit');
    expect(await cut).toMatchObject({ outcome: 'frozen' });
    expect(await run.target.query('select owner from accounts where id = 5000')).toEqual([{ owner: 'late' }]);
  });

  it('cannot be passed by a transaction that was prepared before it', async () => {
    const client = await clients.open(run.source.url);
    await client.query(
      `begin; insert into accounts values (5001, 'prepared', 7); prepare transaction 'p-${run.source.name}'`,
    );
    const impatient = await impatientOf(run);
    const result = await impatient.cutOver({ ref: run.ref, ...go });
    expect(result.outcome).toBe('lock');
    expect(result.sentence).toContain('1 prepared transaction');
    const lines = await run.with({}).checkCutover({ ref: run.ref, approval: null });
    expect(lines.find(({ name }) => name === 'prepared')).toMatchObject({ ok: false });
    await client.query(`commit prepared 'p-${run.source.name}'`);
    expect(await run.cutover.cutOver({ ref: run.ref, ...go })).toMatchObject({ outcome: 'frozen' });
    expect(await run.target.query('select owner from accounts where id = 5001')).toEqual([{ owner: 'prepared' }]);
  });

  it('says who holds a table when the budget is spent, and has let the others write meanwhile', async () => {
    const holder = await clients.open(run.source.url, 'night job');
    await holder.query('begin; update accounts set balance = 1 where id = 1');
    const other = writeOn(run, clients, 1);
    const result = await (await impatientOf(run)).cutOver({ ref: run.ref, ...go });
    expect(result.outcome).toBe('lock');
    expect(result.sentence).toContain('night job');
    expect(result.lockAttempts).toBeGreaterThan(1);
    await holder.query('rollback');
    await other.stop();
    expect(other.ends).toEqual([]);
    expect(await sqlstateOf(run.source.query('update accounts set balance = 2 where id = 1'))).toBe('done');
  });

  it('in a drill stops the writers for a moment only and leaves nothing behind', async () => {
    const before = await onSource(run);
    const writers = writeOn(run, clients, 2);
    const result = await run.cutover.cutOver({ ref: run.ref, ...drill });
    expect(result.outcome).toBe('drilled');
    expect(result.sentence).toMatch(/^Writers waited [\d.]+ s/);
    const count = writers.acknowledged.size;
    await until(() => Promise.resolve(writers.acknowledged.size > count + 10));
    await writers.stop();
    expect(writers.ends).toEqual([]);
    expect(await onSource(run)).toEqual(before);
    expect(await run.target.query('select drill, outcome from rowproof.cutover')).toEqual([
      { drill: true, outcome: 'drilled' },
    ]);
    expect(await run.cutover.cutOver({ ref: run.ref, ...go })).toMatchObject({ outcome: 'frozen' });
    const { source, target } = await sides(run);
    expect(target).toEqual(source);
  });

  it('is found again by an attempt that comes after it', async () => {
    await run.cutover.cutOver({ ref: run.ref, ...go });
    expect(await run.cutover.cutOver({ ref: run.ref, ...go })).toMatchObject({ outcome: 'frozen' });
    expect(await run.target.query('select count(*)::int as n from rowproof.cutover')).toEqual([{ n: 1 }]);
  });

  it('moves sequences past what the source drew last, also for rows that were never kept', async () => {
    // of the source, as an application has it: numbers that were given out are not given out again
    await run.source.query(`alter table accounts alter id add generated by default as identity (start 201)`);
    await run.source.query(`select setval(pg_get_serial_sequence('accounts', 'id'), 70000)`);
    await run.source.query(`begin; insert into accounts (owner, balance) values ('gone', 0); rollback`);
    await run.cutover.cutOver({ ref: run.ref, ...go });
    await run.cutover.openTarget(run.ref);
    const [row] = await run.target.query<{ id: number }>(
      `insert into accounts (owner, balance) values ('new', 0) returning id`,
    );
    // 200 is the largest id of a row
    expect(row?.id).toBeGreaterThan(70_001 + margin);
  });
});
