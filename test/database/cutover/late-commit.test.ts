import { createCaptureActivities } from '../../../activities/capture';
import { Clients, openCutoverRun, sides, until, type CutoverRun } from './cutover-fixture';

/** What the application had begun before the barrier asked for its lock, and commits or gives up while the barrier waits for it. */
describe.each(['triggers', 'logical'] as const)('a transaction that a barrier waits for (%s)', (capture) => {
  let run: CutoverRun;
  const clients = new Clients();
  beforeEach(async () => {
    run = await openCutoverRun({ capture });
  });
  afterEach(async () => {
    await clients.end();
    if (capture === 'logical') await createCaptureActivities(run.host).removeCapture(run.ref);
    await run.drop();
  });

  const writes = `begin;
    insert into accounts values (5000, 'late', 1); update accounts set balance = 77 where id = 1; delete from accounts where id = 2;
    update accounts set id = 6000 where id = 3; savepoint s; update accounts set owner = 'undone' where id = 4; rollback to s;
    update parts set day = 15 where id = 5; insert into parts values (900, 3, 'late'); delete from parts where id = 7`;

  it('is on the target when it opens where it commits, and nowhere where it is given up', async () => {
    const [late, gone] = [await clients.open(run.source.url), await clients.open(run.source.url)];
    await late.query(writes);
    await gone.query(
      `begin; insert into accounts values (7000, 'gone', 1); update accounts set balance = -1 where id = 10`,
    );
    const attempt = run.cutover.cutOver({ ref: run.ref, drill: false, by: 'ben' });
    await until(
      async () =>
        (
          await run.source.query(
            `select 1 from pg_locks l join pg_stat_activity a using (pid)
             where a.datname = current_database() and a.application_name like 'rowproof%' and not l.granted`,
          )
        ).length > 0,
    );
    await late.query('commit');
    await gone.query('rollback');
    expect(await attempt).toMatchObject({ outcome: 'frozen' });
    await run.cutover.openTarget(run.ref);
    const both = await sides(run);
    expect(both.target).toEqual(both.source);
    expect(
      await run.target.query(
        `select id, owner, balance from accounts where id in (1, 2, 3, 4, 10, 5000, 6000, 7000) order by id`,
      ),
    ).toEqual([
      { id: 1, owner: 'o1', balance: 77 },
      { id: 4, owner: 'o4', balance: 0 },
      { id: 10, owner: 'o10', balance: 0 },
      { id: 5000, owner: 'late', balance: 1 },
      { id: 6000, owner: 'o3', balance: 0 },
    ]);
    expect(await run.target.query(`select id, day, v from parts where id in (5, 7, 900) order by id`)).toEqual([
      { id: 5, day: 15, v: 'v' },
      { id: 900, day: 3, v: 'late' },
    ]);
  });
});
