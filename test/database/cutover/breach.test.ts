import { takeBarrier } from '../../../src/engine/cutover/barrier';
import { cutoverSteps } from '../../../src/engine/cutover/steps';
import { relationsBySource, writeBlockName } from '../../../src/engine/run/relations';
import { dropFreeze } from '../../../src/engine/cutover/freeze';
import { freezeBlock } from '../../../src/cutover/write-block-sql';
import { noteRollback } from '../../../src/postgres/ledger/run/step';
import { limitBarrier } from '../../../src/postgres/queries/cutover/barrier';
import { createWriteBlock, writableTree } from '../../../src/postgres/queries/cutover/freeze-trigger';
import { openProxy, type Link, type Proxy } from '../copy/tcp-proxy';
import { Clients, onSource, openCutoverRun, sourceAt, sqlstateOf, until, type CutoverRun } from './cutover-fixture';
import { writableQuarantine } from '../../support/writable-quarantine';

const go = { drill: false, by: 'ben' };
const limits = { lockTimeoutMs: 200, lockBudgetMs: 5_000, idleMs: 400 };
const idle = (): void => undefined;

describe('a cutover that does not come to its end', () => {
  let run: CutoverRun;
  let proxy: Proxy | undefined;
  let before: unknown;
  // the machine may be busy: only where the deadline itself is tried, it is near
  let maxFreezeMs = 60_000;
  const clients = new Clients();
  beforeEach(async () => {
    run = await openCutoverRun({ cutover: { maxFreezeMs } });
    before = await onSource(run);
  });
  afterEach(async () => {
    proxy?.close();
    proxy = undefined;
    await clients.end();
    await run.drop();
  });

  /** Steps whose drain under the barrier (the second call) does something else. */
  const underBarrier = (work: (signal: AbortSignal | undefined) => Promise<void>) => {
    let calls = 0;
    return run.with({
      drain: async (host, ref, heartbeat) => {
        await cutoverSteps.drain(host, ref, heartbeat);
        calls += 1;
        if (calls === 2) await work(host.signal?.());
      },
    });
  };
  const writes = (): Promise<string> => sqlstateOf(run.source.query('update accounts set balance = 9 where id = 9'));

  describe('in time', () => {
    beforeAll(() => {
      maxFreezeMs = 6_000;
    });
    afterAll(() => {
      maxFreezeMs = 60_000;
    });

    it('frees the writers at its deadline, and the next attempt succeeds', async () => {
      let writer: Promise<string> | undefined;
      const stuck = underBarrier(async (signal) => {
        writer = writes();
        await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
      });
      const result = await stuck.cutOver({ ref: run.ref, ...go });
      expect(result).toMatchObject({ outcome: 'deadline' });
      expect(result.freezeMs).toBeGreaterThanOrEqual(5_900);
      expect(await writer).toBe('done');
      expect(await onSource(run)).toEqual(before);
      expect(await run.cutover.cutOver({ ref: run.ref, ...go })).toMatchObject({ outcome: 'frozen' });
      expect(await run.target.query('select balance from accounts where id = 9')).toEqual([{ balance: 9 }]);
    });
  });

  it('frees the writers when a changed key differs', async () => {
    await run.cutover.cutOver({ ref: run.ref, drill: true, by: 'ben' });
    await run.source.query('update accounts set balance = 3 where id = 3');
    const planted = run.with({
      refreshProof: () => Promise.resolve({ keys: 0, differences: 0 }),
      drain: async (host, ref, heartbeat) => {
        await cutoverSteps.drain(host, ref, heartbeat);
        await run.target.query(`set rowproof.run = '${run.ref.run}'; update accounts set balance = 4 where id = 3`);
      },
    });
    const result = await planted.cutOver({ ref: run.ref, ...go });
    expect(result).toMatchObject({ outcome: 'not_proved' });
    expect(result.sentence).toMatch(/^1 of \d+ changed keys? differs? /);
    expect(await writes()).toBe('done');
    expect(await onSource(run)).toEqual(before);
  });

  it('frees the writers when the last rounds quarantined a row that nobody decided about', async () => {
    const late = underBarrier(async () => {
      await writableQuarantine(run.target);
      await run.target.query(`insert into rowproof.quarantine (run, mapping, source_key, class, reason, finding)
        select run, 'parts', '["x"]', 'quarantined', 'cast', 'parts.v.cast' from rowproof.run`);
    });
    expect(await late.cutOver({ ref: run.ref, ...go })).toMatchObject({
      outcome: 'not_proved',
      sentence: expect.stringContaining('parts.v.cast (1 row)') as string,
    });
    expect(await writes()).toBe('done');
    expect(await onSource(run)).toEqual(before);
  });

  it('does not freeze with a barrier that the server has ended, even when it goes on as if nothing was', async () => {
    const zombie = underBarrier(async () => {
      await run.source.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and state = 'idle in transaction'`,
      );
      await until(async () => (await writes()) === 'done');
    });
    expect(await zombie.cutOver({ ref: run.ref, ...go })).toMatchObject({ outcome: 'not_proved' });
    expect(await onSource(run)).toEqual(before);
  });

  it('does not freeze once a rollback has begun meanwhile', async () => {
    const late = underBarrier(async () => {
      const session = await run.databases.ledger(run.ref, 'test');
      await noteRollback(session, run.ref.run);
      await session.close();
    });
    expect(await late.cutOver({ ref: run.ref, ...go })).toMatchObject({ outcome: 'refused' });
    expect(await onSource(run)).toEqual(before);
    expect(await writes()).toBe('done');
  });

  it.each([
    ['is killed', (link: Link) => link.server.destroy()],
    // its sockets stay open and nothing comes any more, as from a process that is stopped
    ['is stopped', (link: Link) => void (link.cut = true)],
  ])('frees the writers when the process that holds the barrier %s', async (_, end) => {
    const links = new Set<Link>();
    proxy = await openProxy(run.source.url, { fromClient: (_chunk, link) => Boolean(links.add(link)) });
    const loaded = await run.databases.run(run.ref);
    const source = await sourceAt(run, proxy.url).source(loaded.compiled, 'legacy', 'test');
    const name = writeBlockName(loaded, 'freeze');
    const relations = relationsBySource(loaded);
    const taken = await takeBarrier(name, relations, new Map([['legacy', source]]), limits, idle);
    expect(taken).toHaveProperty('barrier');
    const writer = writes();
    await until(async () => (await run.source.query('select 1 from pg_locks where not granted')).length > 0);
    links.forEach(end);
    expect(await writer).toBe('done');
    source.destroy();
  });

  it('frees the writers once its client is silent for what was left of the freeze, however long it was at first', async () => {
    const loaded = await run.databases.run(run.ref);
    const source = await run.databases.source(loaded.compiled, 'legacy', 'test');
    const long = { ...limits, idleMs: 600_000 };
    await takeBarrier(
      writeBlockName(loaded, 'freeze'),
      relationsBySource(loaded),
      new Map([['legacy', source]]),
      long,
      idle,
    );
    const writer = writes();
    await limitBarrier(source, 300);
    expect(await writer).toBe('done');
    source.destroy();
  });

  it('is ended by the attempt after it, when it stands still with its locks', async () => {
    const loaded = await run.databases.run(run.ref);
    const source = await run.databases.source(loaded.compiled, 'legacy', 'test');
    const stopped = { ...limits, idleMs: 600_000 };
    const name = writeBlockName(loaded, 'freeze');
    await takeBarrier(name, relationsBySource(loaded), new Map([['legacy', source]]), stopped, idle);
    expect(await run.cutover.cutOver({ ref: run.ref, ...go })).toMatchObject({ outcome: 'frozen' });
    await expect(source.query('commit')).rejects.toBeDefined();
    source.destroy();
  });

  it('that is half frozen when its freeze is released cannot freeze afterwards', async () => {
    const loaded = await run.databases.run(run.ref);
    const source = await run.databases.source(loaded.compiled, 'legacy', 'test');
    const other = await run.databases.source(loaded.compiled, 'legacy', 'test');
    const name = writeBlockName(loaded, 'freeze');
    const relations = relationsBySource(loaded);
    await takeBarrier(name, relations, new Map([['legacy', source]]), { ...limits, idleMs: 60_000 }, idle);
    await createWriteBlock(
      source,
      freezeBlock(name, run.ref.run),
      await writableTree(source, relations.get('legacy') ?? []),
    );
    await dropFreeze(other, name, { lockMs: 200, budgetMs: 5_000 }, idle);
    await expect(source.query('commit')).rejects.toBeDefined();
    expect(await onSource(run)).toEqual(before);
    source.destroy();
    await other.close();
  });

  describe('because the reply to its COMMIT is lost', () => {
    async function losing(reaches: boolean): Promise<string> {
      const frozen = new Set<Link>();
      const silent = new Set<Link>();
      proxy = await openProxy(run.source.url, {
        fromClient(chunk, link) {
          if (chunk.includes('enable always trigger "rowproof_freeze')) frozen.add(link);
          if (!frozen.has(link) || !chunk.includes('commit\0')) return true;
          silent.add(link);
          if (!reaches) link.client.destroy();
          return reaches;
        },
        fromServer(_chunk, link) {
          if (!silent.has(link)) return true;
          link.client.destroy();
          return false;
        },
      });
      const there = run.with({}, { databases: sourceAt(run, proxy.url) });
      return (await there.cutOver({ ref: run.ref, ...go })).outcome;
    }

    it('finds the freeze when it took effect', async () => {
      expect(await losing(true)).toBe('frozen');
      expect(await writes()).toBe('25006');
    });

    it('says that nothing is frozen when it did not', async () => {
      expect(await losing(false)).toBe('not_proved');
      expect(await writes()).toBe('done');
      expect(await onSource(run)).toEqual(before);
    });
  });
});
