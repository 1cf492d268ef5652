import { appendEvent } from '../../src/postgres/ledger/run/event';
import type { DecisionPlan } from '../../src/contract/resolved-plan';
import { RowproofError } from '../../src/errors/rowproof-error';
import { changeTarget, setTimeouts } from '../../src/postgres/queries/schema-change/settings';
import { createDatabase, type TestDatabase } from '../support/postgres/postgres';
import { mappingOf, openTestRun, type TestRun } from './settle-fixture';
import { createFinishActivities } from '../../activities/finish';
import { createDiscoveryActivities } from '../../activities/discovery';
import { createPrepareActivities } from '../../activities/prepare';
import { createRollbackActivities } from '../../activities/rollback';
import { finishRun } from '../../src/engine/rollback/roll-back';

const schema = `
create schema s;
create table s.parent (id int primary key, v text unique);
create table s.child (id int primary key, parent int references s.parent (id));
create table s.outside (id int primary key);
`;
const t = (name: string) => ({ schema: 's', name });
const plain = [
  mappingOf({ name: 'parent', target: t('parent'), targetKey: ['id'] }),
  mappingOf({ name: 'child', target: t('child'), targetKey: ['id'] }),
];

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: unknown) => (error instanceof RowproofError ? error.code : String(error)),
  );
}

async function undo(run: TestRun): Promise<void> {
  const activities = createRollbackActivities(run);
  for (const step of await activities.openSteps(run.ref))
    await activities.compensate({ ref: run.ref, ordinal: step.ordinal });
}

describe('a run and what is not its own', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createDatabase({ prefix: 'rollback' });
    await database.query(schema);
  });
  afterEach(() => database.drop());

  async function loaded(decisions: readonly DecisionPlan[] = []): Promise<TestRun> {
    const run = await openTestRun(database, plain, { decisions });
    await createDiscoveryActivities(run).fingerprintTarget({ ref: run.ref, moment: 'before' });
    await createPrepareActivities(run).prepareTarget(run.ref);
    await database.query(
      `insert into s.parent select g, 'v' || g from generate_series(1, 10) g; insert into s.child select g, g from generate_series(1, 10) g`,
    );
    await run.receipt('parent', t('parent'));
    await run.receipt('child', t('child'));
    return run;
  }

  it('does not begin on a table that holds rows, and changes nothing', async () => {
    await database.query('insert into s.parent values (1), (2); insert into s.child values (1, 1)');
    const run = await openTestRun(database, plain);
    const error = await createPrepareActivities(run)
      .prepareTarget(run.ref)
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RowproofError);
    expect((error as RowproofError).problems.map((one) => [one.code, one.where?.object])).toEqual([
      ['RP5101', '"s"."parent"'],
      ['RP5101', '"s"."child"'],
    ]);
    expect(await database.query('select count(*)::int as n from rowproof.step')).toEqual([{ n: 0 }]);
  });

  it('does not begin on a table that another run holds', async () => {
    const first = await openTestRun(database, plain);
    await createPrepareActivities(first).prepareTarget(first.ref);
    const second = await openTestRun(database, plain);
    expect(await codeOf(createPrepareActivities(second).prepareTarget(second.ref))).toBe('RP4005');
  });

  it('waits for a lock in short attempts, goes on when it is free, and names what it could not lock', async () => {
    const run = await openTestRun(database, plain);
    const [holder, changer] = [
      await run.databases.ledger(run.ref, 'holder'),
      await run.databases.ledger(run.ref, 'changer'),
    ];
    try {
      await setTimeouts(changer, { lockMs: 20, statementMs: 0 });
      let attempts = 0;
      const change = (lockAttempts: number, onAttempt: () => void) =>
        changeTarget(changer, run.ref.run, { object: '"s"."child"', lockAttempts, onAttempt }, () =>
          changer.query('lock table s.child in access exclusive mode'),
        );
      await holder.query('begin; select from s.child');
      expect(await codeOf(change(2, () => attempts++))).toBe('RP5102');
      expect(attempts).toBe(2);
      let free: Promise<unknown> = Promise.resolve();
      await change(50, () => {
        if (++attempts === 5) free = holder.query('commit');
      });
      await free;
      expect(attempts).toBeGreaterThanOrEqual(5);
    } finally {
      await holder.close();
      await changer.close();
    }
  });

  it('refuses to take rows away that others wrote or changed, and keeps them', async () => {
    const run = await loaded();
    await database.query(`update s.parent set v = 'mine' where id = 3`);
    await createRollbackActivities(run).revokeLeases(run.ref);
    expect(await codeOf(undo(run))).toBe('RP7001');
    expect(await database.query('select count(*)::int as n from s.parent')).toEqual([{ n: 10 }]);
    await database.query('delete from s.parent where id = 3; delete from s.child where parent = 3');
    await undo(run);
    expect(await createRollbackActivities(run).proveRollback(run.ref)).toEqual({
      equal: true,
      differences: [],
      notes: [],
    });
  });

  it('knows no step of another number, and compares with nothing where nothing was looked at before', async () => {
    const run = await loaded();
    const activities = createRollbackActivities(run);
    expect(await codeOf(activities.compensate({ ref: run.ref, ordinal: 999 }))).toBe('RP7005');
    await activities.revokeLeases(run.ref);
    await undo(run);
    await database.query('delete from rowproof.fingerprint');
    expect(await codeOf(activities.proveRollback(run.ref))).toBe('RP7004');
  });

  it('says where rows from before the run are kept that the table refuses by now, and what became of them', async () => {
    await database.query(`insert into s.outside values (1), (2)`);
    const replaced = [
      mappingOf({ name: 'outside', target: t('outside'), targetKey: ['id'], more: { whenNotEmpty: 'replace' } }),
    ];
    const run = await openTestRun(database, replaced);
    await createDiscoveryActivities(run).fingerprintTarget({ ref: run.ref, moment: 'before' });
    await createPrepareActivities(run).prepareTarget(run.ref);
    await createRollbackActivities(run).revokeLeases(run.ref);
    await database.query('alter table s.outside add constraint late check (id > 1)');
    expect(await codeOf(undo(run))).toBe('RP7011');
    await database.query('alter table s.outside drop constraint late');
    const [kept] = await database.query<{ name: string }>(
      `select detail -> 'saved' ->> 'name' as name from rowproof.step where kind = 'rows_saved'`,
    );
    await database.query(`create table aside as table rowproof."${kept?.name}"; delete from rowproof."${kept?.name}"`);
    expect(await codeOf(undo(run))).toBe('RP7006');
    await database.query(`insert into rowproof."${kept?.name}" select * from aside; drop table aside`);
    await undo(run);
    expect(await database.query('select id from s.outside order by id')).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it('refuses to empty a table that a foreign key from outside has come to depend on', async () => {
    const run = await loaded();
    await createFinishActivities(run).rebuildIndexes(run.ref);
    await createFinishActivities(run).rebuildForeignKeys(run.ref);
    await database.query(
      'alter table s.outside add column p int references s.parent (id) on delete cascade; insert into s.outside values (1, 1)',
    );
    await createRollbackActivities(run).revokeLeases(run.ref);
    expect(await codeOf(undo(run))).toBe('RP7002');
    expect(await database.query('select count(*)::int as n from s.outside')).toEqual([{ n: 1 }]);
    await database.query('alter table s.outside drop column p; truncate s.outside');
    await undo(run);
    // a dropped column leaves no trace in definitions
    expect(await createRollbackActivities(run).proveRollback(run.ref)).toEqual({
      equal: true,
      differences: [],
      notes: [],
    });
  });

  it('lets nothing of the run change the target once a rollback has begun', async () => {
    const run = await loaded();
    const activities = createRollbackActivities(run);
    await database.query(
      `insert into rowproof.batch (run, mapping, ordinal, state) values ($1, 'child', 7, 'pending')`,
      [run.ref.run],
    );
    await activities.revokeLeases(run.ref);
    await activities.revokeLeases(run.ref);
    expect(await codeOf(createFinishActivities(run).rebuildIndexes(run.ref))).toBe('RP5104');
    expect(await codeOf(createPrepareActivities(run).prepareTarget(run.ref))).toBe('RP5104');
    expect(
      await database.query('select state, count(*)::int as n from rowproof.batch group by state order by state'),
    ).toEqual([
      { state: 'done', n: 2 },
      { state: 'revoked', n: 1 },
    ]);
  });

  it('names a table outside the plan into which a trigger that fired wrote', async () => {
    await database.query(`create table s.audit (t text, n int);
      create function s.note() returns trigger language plpgsql as $$ begin insert into s.audit values ('child', new.id); return new; end $$;
      create trigger note after insert on s.child for each row execute function s.note()`);
    const run = await loaded([
      { finding: 'child.note.trigger', do: 'fire', expect: null, because: 'the audit wants it', by: 'ana' },
    ]);
    await createRollbackActivities(run).revokeLeases(run.ref);
    await undo(run);
    expect(await createRollbackActivities(run).proveRollback(run.ref)).toEqual({
      equal: true,
      differences: [],
      notes: ['rows of "s"."audit" differs (or trigger note of s.child fired and wrote there)'],
    });
  });

  it('terminates whoever still holds a batch or a step', async () => {
    const run = await loaded();
    const zombie = await run.databases.ledger(run.ref, 'zombie');
    await zombie.query(
      `insert into rowproof.batch (run, mapping, ordinal, state, owner, backend_pid, backend_start)
       values ('${run.ref.run}', 'child', 8, 'running', '00000000-0000-8000-8000-000000000000', ${zombie.pid}, '${zombie.backendStart}')`,
    );
    await zombie.query('begin');
    await zombie.query(`select from rowproof.batch where ordinal = 8 for update`);
    await zombie.query('insert into s.child values (99, null)');
    const builder = await run.databases.ledger(run.ref, 'builder');
    await builder.query('begin');
    await builder.query(`select pg_advisory_xact_lock(${0x72706673}, hashtext('${run.ref.run}'))`);
    await createRollbackActivities(run).revokeLeases(run.ref);
    await expect(zombie.query('commit')).rejects.toThrow();
    await expect(builder.query('commit')).rejects.toThrow();
    zombie.destroy();
    builder.destroy();
    await undo(run);
    expect(await createRollbackActivities(run).proveRollback(run.ref)).toEqual({
      equal: true,
      differences: [],
      notes: [],
    });
  });

  it('keeps the ledger of a run that may still be rolled back: failed, aborted, or with steps left to undo', async () => {
    const run = await loaded();
    const other = await openTestRun(database, plain);
    const setOutcome = (one: TestRun, outcome: string): Promise<unknown> =>
      database.query(`update rowproof.run set outcome = '${outcome}' where run = '${one.ref.run}'`);
    for (const outcome of ['failed', 'aborted', 'rolled_back']) {
      await setOutcome(run, outcome);
      expect(await codeOf(finishRun(run, run.ref))).toBe('RP7003');
    }
    // the run of another that is finished takes only those along that left nothing behind
    await setOutcome(other, 'complete');
    expect(await finishRun(other, other.ref)).toMatchObject({
      removed: true,
      left: [run.ref.run],
    });
    await undo(run);
    expect(await finishRun(run, run.ref)).toMatchObject({ removed: true, left: [] });
  });

  it('can be finished once nothing of it is left to undo, however its rollback ended, and once its target is open', async () => {
    const run = await loaded();
    await undo(run);
    await database.query(
      `update rowproof.run set outcome = 'failed', sentence = 'Rolled back, but the target differs.'`,
    );
    expect(await finishRun(run, run.ref)).toMatchObject({ removed: true, needed: false });
    await database.query('truncate s.child, s.parent');
    const other = await loaded();
    await database.query(`update rowproof.run set outcome = 'failed'`);
    expect(await codeOf(finishRun(other, other.ref))).toBe('RP7003');
    const session = await other.databases.ledger(other.ref, 'test');
    await appendEvent(session, other.ref.run, 'target opened', {});
    await session.close();
    expect(await finishRun(other, other.ref)).toMatchObject({ removed: true, left: [] });
  });

  it('frees nothing but the writers of a run that still needs its ledger', async () => {
    const run = await loaded();
    expect(await finishRun(run, run.ref, true)).toEqual({
      removed: false,
      left: [run.ref.run],
      freed: [],
      needed: true,
    });
    expect(await codeOf(finishRun(run, run.ref))).toBe('RP7003');
  });

  it('is proved to be as before where it ended before anything was looked at', async () => {
    const run = await openTestRun(database, plain);
    const activities = createRollbackActivities(run);
    await activities.revokeLeases(run.ref);
    expect(await activities.proveRollback(run.ref)).toEqual({ equal: true, differences: [], notes: [] });
  });

  it('removes itself from the ledger when it has ended, and the ledger with the last run', async () => {
    const run = await loaded();
    expect(await codeOf(finishRun(run, run.ref))).toBe('RP7003');
    const other = await openTestRun(database, plain);
    await database.query(
      `update rowproof.run set outcome = 'complete'; insert into rowproof.id_map values ($1, 'parent', '["1"]', '["2"]')`.replace(
        '$1',
        `'${run.ref.run}'`,
      ),
    );
    expect(await finishRun(run, run.ref)).toMatchObject({ removed: true, left: [other.ref.run] });
    expect(await database.query('select run from rowproof.run')).toEqual([{ run: other.ref.run }]);
    expect(await finishRun(other, other.ref)).toMatchObject({ removed: true, left: [] });
    expect(await database.query(`select tablename from pg_tables where schemaname = 'rowproof'`)).toEqual([
      { tablename: 'id_map' },
    ]);
    // and a later run makes the ledger again beside the id map that stayed
    await openTestRun(database, plain);
    expect(await database.query('select count(*)::int as n from rowproof.id_map')).toEqual([{ n: 1 }]);
  });
});
