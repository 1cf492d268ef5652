import { cutoverSteps } from '../../../src/engine/cutover/steps';
import { takeApplyLease } from '../../../src/postgres/ledger/follow/apply-lease';
import { Clients, openCutoverRun, sides, sqlstateOf, until, type CutoverRun } from './cutover-fixture';
import { createCaptureActivities } from '../../../activities/capture';

const go = { drill: false, by: 'ben' };
const drill = { drill: true, by: 'ben' };
const lockIntake = `begin; select 1 from rowproof.apply_lease where lease = 'intake' for update`;

describe('a cutover behind a slot', () => {
  let run: CutoverRun;
  const clients = new Clients();
  const open = async (maxFreezeMs: number): Promise<void> => {
    run = await openCutoverRun({ capture: 'logical', cutover: { maxFreezeMs } });
  };
  afterEach(async () => {
    await clients.end();
    await createCaptureActivities(run.host).removeCapture(run.ref);
    await run.drop();
  });

  const writes = (): Promise<string> => sqlstateOf(run.source.query('update accounts set balance = 9 where id = 9'));
  /** Something for the slot to bring, which no barrier keeps out. */
  const more = (): Promise<unknown> => run.source.query(`select pg_logical_emit_message(true, 'test', 'more')`);
  /** Steps whose drain under the barrier (the second call) finds what `before` did. */
  const underBarrier = (before: () => Promise<unknown>) => {
    let calls = 0;
    return run.with({
      drain: async (host, ref, heartbeat, lockMs) => {
        calls += 1;
        if (calls === 2) {
          await before();
          await more();
        }
        await cutoverSteps.drain(host, ref, heartbeat, lockMs);
      },
    });
  };

  it('brings every acknowledged write along while others look at the slot too', async () => {
    await open(20_000);
    const client = await clients.open(run.source.url);
    const acknowledged: number[] = [];
    let refused = '';
    const writing = (async () => {
      for (let id = 1_000; refused === ''; id++) {
        const state = await sqlstateOf(client.query('insert into accounts values ($1, $2, 1)', [id, 'late']));
        if (state === 'done') acknowledged.push(id);
        else refused = state;
      }
    })();
    let watched = 0;
    const watching = (async () => {
      const capture = createCaptureActivities(run.host);
      for (; refused === ''; watched++) await capture.monitorCapture({ ref: run.ref });
    })();
    await until(() => Promise.resolve(acknowledged.length > 20));
    expect(await run.cutover.cutOver({ ref: run.ref, ...drill })).toMatchObject({ outcome: 'drilled' });
    expect(await run.cutover.cutOver({ ref: run.ref, ...go })).toMatchObject({ outcome: 'frozen' });
    await Promise.all([writing, watching]);
    expect(refused).toBe('25006');
    expect(watched).toBeGreaterThan(0);
    const { source, target } = await sides(run);
    expect(target).toEqual(source);
    expect(await run.target.query('select id from accounts where id >= 1000 order by id')).toEqual(
      acknowledged.map((id) => ({ id })),
    );
  });

  it('ends whoever the ledger records as holder of the intake, and goes on', async () => {
    await open(10_000);
    const holder = await run.databases.ledger(run.ref, 'hung');
    const late = underBarrier(async () => {
      await takeApplyLease(holder, run.ref.run, 'intake', '00000000-0000-4000-8000-000000000001');
      await holder.query(lockIntake);
    });
    expect(await late.cutOver({ ref: run.ref, ...go })).toMatchObject({ outcome: 'frozen' });
    expect(await sqlstateOf(holder.query('select 1'))).not.toBe('done');
    holder.destroy();
  });

  it('frees the writers at its deadline when a stranger keeps the intake, and answers', async () => {
    await open(1_500);
    const stranger = await clients.open(run.target.url, 'stranger');
    let writer: Promise<string> | undefined;
    const stuck = underBarrier(async () => {
      await stranger.query(lockIntake);
      writer = writes();
    });
    expect(await stuck.cutOver({ ref: run.ref, ...go })).toMatchObject({ outcome: 'deadline' });
    expect(await writer).toBe('done');
    expect(await stranger.query('rollback')).toMatchObject({ command: 'ROLLBACK' });
    expect(await run.target.query('select outcome from rowproof.cutover')).toEqual([{ outcome: 'deadline' }]);
  });

  it('frees the writers at its deadline whatever a step waits for, and answers', async () => {
    await open(1_500);
    let writer: Promise<string> | undefined;
    const deaf = run.with({
      proveTouched: () => {
        writer = writes();
        return new Promise(() => undefined);
      },
    });
    expect(await deaf.cutOver({ ref: run.ref, ...go })).toMatchObject({ outcome: 'deadline' });
    expect(await writer).toBe('done');
  });

  it('answers that it is too early when a stranger keeps the intake before the barrier', async () => {
    await open(1_500);
    const stranger = await clients.open(run.target.url, 'stranger');
    await stranger.query(lockIntake);
    await more();
    const hasty = run.with({ drain: (host, ref, heartbeat) => cutoverSteps.drain(host, ref, heartbeat, 50) });
    expect(await hasty.cutOver({ ref: run.ref, ...go })).toMatchObject({ outcome: 'lag', freezeMs: 0 });
    expect(await writes()).toBe('done');
  });
});
