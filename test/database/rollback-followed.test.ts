import { cutoverSteps } from '../../src/engine/cutover/steps';
import { captureName } from '../../src/postgres/queries/capture/name';
import { onSource, openCutoverRun, sqlstateOf, type CutoverRun } from './cutover/cutover-fixture';

const go = { drill: false, by: 'ben' };

/** Where a followed run may be when somebody takes it back. */
const points: Readonly<Record<string, (run: CutoverRun) => Promise<void>>> = {
  'right after the copy': () => Promise.resolve(),
  'in the middle of following': async (run) => {
    await run.source.query(`update accounts set balance = 5 where id < 50; insert into parts values (900, 3, 'new')`);
    await cutoverSteps.drain(run.host, run.ref, () => undefined);
    await run.source.query(`delete from accounts where id = 7`);
  },
  'after a drill': async (run) => {
    await run.source.query('update accounts set balance = 6 where id = 6');
    expect(await run.cutover.cutOver({ ref: run.ref, drill: true, by: 'ben' })).toMatchObject({ outcome: 'drilled' });
  },
  'after a freeze that reached its limit': async (run) => {
    let calls = 0;
    const slow = run.with({
      drain: async (host, ref, heartbeat) => {
        calls += 1;
        if (calls === 1) return cutoverSteps.drain(host, ref, heartbeat);
        return new Promise((_, reject) =>
          host.signal?.()?.addEventListener('abort', () => reject(new Error('aborted'))),
        );
      },
    });
    expect(await slow.cutOver({ ref: run.ref, ...go })).toMatchObject({ outcome: 'deadline' });
  },
  'after the freeze, before the target is open': async (run) => {
    expect(await run.cutover.cutOver({ ref: run.ref, ...go })).toMatchObject({ outcome: 'frozen' });
  },
};

/** Publications and slots of this database. */
const followed = `select pubname::text as name from pg_publication
  union all select slot_name::text from pg_replication_slots where database = current_database()`;

describe.each(['triggers', 'logical'] as const)('a run that is followed with %s is taken back', (capture) => {
  it.each(Object.entries(points))('%s: both sides are as they were', async (_, reach) => {
    const run = await openCutoverRun({ capture, cutover: { maxFreezeMs: 4_000 } });
    try {
      expect(await run.source.query(followed)).toHaveLength(capture === 'logical' ? 2 : 0);
      await reach(run);
      expect(await run.rollBack()).toEqual({ equal: true, differences: [], notes: [] });
      expect(await onSource(run)).toEqual([]);
      expect(await run.source.query(followed)).toEqual([]);
      expect(await run.target.query('select 1 from accounts union all select 1 from parts')).toEqual([]);
      const write = 'update accounts set balance = 1 where false';
      expect(await sqlstateOf(run.source.query(write))).toBe('done');
      expect(await sqlstateOf(run.target.query(write))).toBe('done');
    } finally {
      await run.drop();
    }
  });
});

describe('a rollback', () => {
  it('says what is left on a source', async () => {
    const run = await openCutoverRun();
    try {
      await run.rollBack();
      const name = captureName(await run.databases.run(run.ref));
      await run.source.query(
        `create function touch() returns trigger language plpgsql as 'begin return null; end';
         create trigger rowproof_${name}_1 after insert on accounts execute function touch()`,
      );
      const { equal, differences } = await run.rollBack();
      expect(equal).toBe(false);
      expect(differences).toEqual([`source legacy: trigger rowproof_${name}_1 on public.accounts is still there`]);
    } finally {
      await run.drop();
    }
  });
});
