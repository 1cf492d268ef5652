import { Clients, openCutoverRun, proveAll, sqlstateOf, until, type CutoverRun } from './cutover-fixture';
import { writeBlockName } from '../../../src/engine/run/relations';

const go = { drill: false, by: 'ben' };
const target = `create type mood as enum ('calm', 'wild');
  create table accounts (id int primary key, owner text, balance int not null, mood mood);
  create table parts (id int, day int, v text, primary key (id, day));`;

/** The lock under which the target was compared ends with the freeze; the opening takes it and compares again. */
describe('between the freeze and the opening', () => {
  let run: CutoverRun;
  const clients = new Clients();
  beforeEach(async () => {
    run = await openCutoverRun({ target, settings: { lockTimeoutMs: 30_000 } });
    expect(await proveAll(run)).toBe(true);
    expect(await run.cutover.cutOver({ ref: run.ref, ...go })).toMatchObject({ outcome: 'frozen' });
  });
  afterEach(async () => {
    await clients.end();
    await run.drop();
  });

  /** How many sessions of this name wait for a lock on the table. */
  const waits = (application: string, table: string) => async (): Promise<boolean> =>
    (
      await run.target.query(
        `select 1 from pg_locks l join pg_stat_activity a using (pid)
         where not l.granted and a.application_name like $1 and l.relation = $2::regclass`,
        [application, table],
      )
    ).length > 0;

  it('a writer is refused, and all who got round the guard or altered a table are named', async () => {
    expect(await sqlstateOf(run.target.query('update accounts set balance = 1'))).toBe('25006');
    const guard = writeBlockName(await run.databases.run(run.ref), 'guard');
    const off = ['', '_row'].map((part) => `alter table accounts disable trigger "${guard}${part}"`).join('; ');
    const on = ['', '_row'].map((part) => `alter table accounts enable always trigger "${guard}${part}"`).join('; ');
    await run.target.query(`begin; ${off}; update accounts set balance = 1 where id = 1; ${on}; commit`);
    await run.target.query(`alter table parts alter v type varchar(40)`);
    await run.target.query(`alter type mood rename value 'calm' to 'quiet'`);
    const refused = await run.cutover.openTarget(run.ref).then(
      () => 'opened',
      (error: unknown) => String(error),
    );
    for (const part of [
      `trigger ${guard} of public.accounts was disabled for a while`,
      'column v of public.parts is defined differently',
      'column mood of public.accounts is defined differently',
    ])
      expect(refused.replaceAll('"', '')).toContain(part);
    expect(await sqlstateOf(run.source.query('update accounts set balance = 9 where id = 9'))).toBe('done');
  });

  it('an ALTER under way is waited for, and then seen', async () => {
    const dba = await clients.open(run.target.url, 'dba');
    await dba.query('begin; alter table accounts add check (balance < 100)');
    const opening = run.cutover.openTarget(run.ref).then(
      () => 'opened',
      (error: unknown) => String(error),
    );
    await until(waits('rowproof%', 'accounts'));
    await dba.query('commit');
    expect(await opening).toContain('accounts_balance_check');
  });

  it('an ALTER that comes while the opening compares waits until the target is open', async () => {
    const [ledger, dba] = [await clients.open(run.target.url), await clients.open(run.target.url, 'dba')];
    await ledger.query('begin; lock table rowproof.table_identity in access exclusive mode');
    const opening = run.cutover.openTarget(run.ref);
    await until(waits('rowproof%', 'rowproof.table_identity'));
    const altered = dba.query('alter table accounts add check (balance < 100)');
    await until(waits('dba', 'accounts'));
    expect(await run.target.query(`select 1 from rowproof.event where kind = 'target opened'`)).toEqual([]);
    await ledger.query('commit');
    await opening;
    await altered;
  });
});
