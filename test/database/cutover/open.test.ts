import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LeaseHolder } from '../../../src/engine/follow/apply-lease';
import { runRound } from '../../../src/engine/follow/run-round';
import { RowproofError } from '../../../src/errors/rowproof-error';
import { leftFrozen } from '../../../src/postgres/ledger/cutover';
import { onSource, openCutoverRun, sqlstateOf, type CutoverRun } from './cutover-fixture';
import { createRollbackActivities } from '../../../activities/rollback';
import { finishRun } from '../../../src/engine/rollback/roll-back';

const go = { drill: false, by: 'ben' };

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: unknown) => (error instanceof RowproofError ? error.code : String(error)),
  );
}

describe('opening the target', () => {
  let run: CutoverRun;
  const folder = mkdtempSync(join(tmpdir(), 'rowproof-switch-'));
  beforeEach(async () => {
    const script = `cat > '${folder}/said'; echo "$ROWPROOF_IDEMPOTENCY_KEY" >> '${folder}/keys'; test ! -e '${folder}/fail'`;
    run = await openCutoverRun({ settings: { switch: { http: null, command: ['sh', '-c', script] } } });
  });
  afterEach(() => run.drop());
  afterAll(() => rmSync(folder, { recursive: true }));

  const write = (): Promise<string> =>
    sqlstateOf(run.target.query('update accounts set balance = balance where id = 1'));

  /** What the sources and the ledger, and the ledger alone, say of writers that nobody lets go. */
  const stopped = async (): Promise<unknown[]> => {
    const session = await run.databases.ledger(run.ref, 'test');
    const left = await leftFrozen(session, run.ref.run).finally(() => session.close());
    return [await run.cutover.freezeState(run.ref), left];
  };

  it('is what the guard waits for: until then others may not write, not even a superuser', async () => {
    expect(await write()).toBe('25006');
    expect(await sqlstateOf(run.target.query(`set session_replication_role = replica; truncate parts`))).toBe('25006');
    expect(await sqlstateOf(run.target.query(`copy accounts from program 'true'`))).toBe('25006');
    expect(await codeOf(run.cutover.openTarget(run.ref))).toBe('RP5501');
    expect(await stopped()).toEqual([{ opened: false, frozen: [], whole: false }, []]);
    await run.cutover.cutOver({ ref: run.ref, ...go });
    expect(await write()).toBe('25006');
    expect(await stopped()).toEqual([{ opened: false, frozen: ['legacy'], whole: true }, ['legacy']]);
    await run.cutover.openTarget(run.ref);
    expect(await write()).toBe('done');
    expect(await stopped()).toEqual([{ opened: true, frozen: ['legacy'], whole: true }, []]);
    await run.cutover.openTarget(run.ref);
    expect(await run.target.query(`select kind from rowproof.event where kind = 'target opened'`)).toHaveLength(1);
    expect(await run.target.query('select distinct state from rowproof.apply_lease')).toEqual([{ state: 'closed' }]);
  });

  it('ends every round that began before, also one that holds the lease', async () => {
    const zombie = await LeaseHolder.open(run.host, run.ref, 'zombie');
    await run.cutover.cutOver({ ref: run.ref, ...go });
    const holder = await run.databases.ledger(run.ref, 'holder');
    await holder.query(
      `update rowproof.apply_lease set owner = gen_random_uuid(), backend_pid = pg_backend_pid(),
         backend_start = (select backend_start from pg_stat_activity where pid = pg_backend_pid())`,
    );
    await holder.query('begin; select 1 from rowproof.apply_lease for update');
    await run.cutover.openTarget(run.ref);
    await expect(holder.query('commit')).rejects.toBeDefined();
    expect(await codeOf(runRound(zombie, { limit: 10, heartbeat: () => undefined }))).not.toBe('no error');
    await zombie.end(false);
    holder.destroy();
  });

  it('is the end of the way back', async () => {
    await run.cutover.cutOver({ ref: run.ref, ...go });
    await run.cutover.openTarget(run.ref);
    expect(await codeOf(createRollbackActivities({ databases: run.databases }).revokeLeases(run.ref))).toBe('RP7007');
    expect(await run.cutover.cutOver({ ref: run.ref, ...go })).toMatchObject({ outcome: 'refused' });
    expect(await write()).toBe('done');
  });

  it('calls the switch with the same key until it succeeds', async () => {
    const message = (): Record<string, string> => JSON.parse(readFileSync(join(folder, 'said'), 'utf8')) as never;
    const failing = join(folder, 'fail');
    const { writeFileSync } = await import('node:fs');
    writeFileSync(failing, '');
    expect(await codeOf(run.cutover.callSwitch(run.ref))).toBe('RP5505');
    rmSync(failing);
    expect(await run.cutover.callSwitch(run.ref)).toEqual({ called: true });
    expect(message()).toMatchObject({ run: run.ref.run, kind: 'switch' });
    const keys = readFileSync(join(folder, 'keys'), 'utf8').trim().split('\n');
    expect(keys).toEqual([`${run.ref.run}:switch`, `${run.ref.run}:switch`]);
  });

  it('leaves the freeze until finish, which lifts it and leaves nothing on the source', async () => {
    await run.cutover.cutOver({ ref: run.ref, ...go });
    await run.cutover.openTarget(run.ref);
    await run.target.query(`update rowproof.run set outcome = 'complete'`);
    expect(await sqlstateOf(run.source.query('delete from accounts where id = 1'))).toBe('25006');
    await finishRun({ databases: run.databases }, run.ref);
    expect(await onSource(run)).toEqual([]);
    expect(await sqlstateOf(run.source.query('delete from accounts where id = 1'))).toBe('done');
    expect(await run.target.query(`select 1 from pg_namespace where nspname = 'rowproof'`)).toEqual([]);
  });
});
