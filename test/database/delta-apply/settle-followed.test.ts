import { settleFollowed } from '../../../src/engine/settle/settle-followed';
import { onTarget } from '../../../src/engine/target-work';
import { dropDeferred } from '../../../src/postgres/ledger/quarantine/deferred';
import { openApplyLeases, readApplyLease } from '../../../src/postgres/ledger/follow/apply-lease';
import { createDatabase, type TestDatabase } from '../../support/postgres/postgres';
import { mappingOf, openTestRun, type TestRun } from '../settle-fixture';
import { apply, deferredRows, incomingOf, openSides, type Sides, type SourceRow } from './apply-fixture';
import { createFinishActivities } from '../../../activities/finish';
import { createPrepareActivities } from '../../../activities/prepare';

describe('settle of a run that follows its source', () => {
  let database: TestDatabase;
  let run: TestRun;
  let sides: Sides;
  const parent = mappingOf({
    name: 'parent',
    target: { schema: 'dst', name: 'parent' },
    from: { schema: 'src', name: 'parent' },
    targetKey: ['k'],
    columns: ['k', 'u'],
  });
  const child = mappingOf({
    name: 'child',
    target: { schema: 'dst', name: 'child' },
    from: { schema: 'src', name: 'child' },
    targetKey: ['k'],
    columns: ['k', 'parent'],
  });

  beforeAll(async () => {
    database = await createDatabase({ prefix: 'settlef' });
    await database.query(`create schema src; create schema dst;
      create table src.parent (k int primary key, u int); create table src.child (k int primary key, parent int);
      create table dst.parent (k int primary key, u int unique);
      create table dst.child (k int primary key, parent int references dst.parent on delete cascade);
      insert into src.parent values (1, 10), (2, 10), (3, 30); insert into src.child values (1, 1), (2, 2), (3, 9)`);
    run = await openTestRun(database, [parent, child]);
    await createPrepareActivities(run).prepareTarget(run.ref);
    await database.query(
      `insert into dst.parent select * from src.parent; insert into dst.child select * from src.child`,
    );
    sides = await openSides(run);
    await openApplyLeases(sides.target, run.ref.run);
  });
  afterAll(async () => {
    await sides.close();
    await database.drop();
  });

  const settle = (): Promise<{ adjusted: number; rounds: number }> =>
    onTarget(run, run.ref, 'settle', (work) =>
      settleFollowed(run, work, () =>
        Promise.resolve({
          round: 0,
          sources: new Map([['legacy', { session: sides.source, snapshotId: '' }]]),
          target: { session: sides.target, snapshotId: '' },
          close: () => Promise.resolve(),
        }),
      ),
    );
  const keys = async (table: string): Promise<unknown[]> =>
    (await database.query(`select k from dst.${table} order by k`)).map((row) => row['k']);
  const waiting = async (mapping: string): Promise<unknown[]> =>
    (await deferredRows(database.query, run, mapping)).map((row) => row['k']);
  const books = () =>
    database.query(
      `select mapping, migrated::int, quarantined::int from rowproof.delta_reconciliation order by mapping`,
    );

  it('keeps what it takes away, turns the rules on once, and lets rows in again when their obstacle goes', async () => {
    expect(await settle()).toMatchObject({ adjusted: 3 });
    expect(await settle()).toMatchObject({ adjusted: 3 });
    expect([await keys('parent'), await keys('child')]).toEqual([[1, 3], [1]]);
    expect([await waiting('parent'), await waiting('child')]).toEqual([[2], [2, 3]]);
    expect((await readApplyLease(sides.target, run.ref.run, 'delta'))?.rulesOn).toBe(true);

    // before the indexes and foreign keys stand again, rounds uphold them all the same
    const rows = (k: number, u: number): SourceRow[] => [{ k, u, outcome: 'ok' }];
    await apply(sides, 1, [incomingOf(parent, [4], rows(4, 30))]);
    expect(await waiting('parent')).toEqual([2, 4]);
    const finish = createFinishActivities(run);
    await finish.rebuildIndexes(run.ref);
    await finish.rebuildForeignKeys(run.ref);
    await apply(sides, 2, [incomingOf(parent, [1], rows(1, 11))]);
    expect([await keys('parent'), await keys('child')]).toEqual([
      [1, 2, 3],
      [1, 2],
    ]);
    expect([await waiting('parent'), await waiting('child')]).toEqual([[4], [3]]);
    expect(await books()).toEqual([
      { mapping: 'child', migrated: 1, quarantined: -1 },
      { mapping: 'parent', migrated: 1, quarantined: 0 },
    ]);
  });

  it('empties a table whole, holds the children, and takes them back with their parents', async () => {
    await apply(sides, 3, [incomingOf(parent, [], [], { whole: true })]);
    expect([await keys('parent'), await keys('child'), await waiting('child')]).toEqual([[], [], [1, 2, 3]]);
    await apply(sides, 4, [
      incomingOf(
        parent,
        [1, 9],
        [
          { k: 1, u: 1, outcome: 'ok' },
          { k: 9, u: 2, outcome: 'ok' },
        ],
      ),
    ]);
    expect([await keys('parent'), await keys('child'), await waiting('child')]).toEqual([[1, 9], [1, 3], [2]]);
  });

  it('finds poison rows, and lets the rest of the round through', async () => {
    await database.query(`create function dst.refuse() returns trigger language plpgsql as
      $$ begin if new.u = 666 then raise exception 'no'; elsif new.u = 777 then return null; end if; return new; end $$;
      create trigger refuse before insert or update on dst.parent for each row execute function dst.refuse()`);
    await apply(sides, 5, [
      incomingOf(
        parent,
        [1, 20, 21, 22, 23],
        [
          { k: 1, u: 666, outcome: 'ok' },
          { k: 20, u: 20, outcome: 'ok' },
          { k: 21, u: 666, outcome: 'ok' },
          { k: 22, u: 777, outcome: 'ok' },
          { k: 23, u: 'no number', outcome: 'ok' },
        ],
      ),
    ]);
    expect([await keys('parent'), await keys('child')]).toEqual([[9, 20], [3]]);
    expect(
      await database.query(
        `select source_key, reason from rowproof.quarantine where mapping = 'parent' order by source_key`,
      ),
    ).toEqual([
      { source_key: '["1"]', reason: 'raised' },
      { source_key: '["21"]', reason: 'raised' },
      { source_key: '["22"]', reason: 'dropped_by_trigger' },
      { source_key: '["23"]', reason: 'data' },
    ]);
    expect(
      await database.query(
        `select source_key, reason from rowproof.quarantine where mapping = 'child' order by source_key`,
      ),
    ).toEqual([
      { source_key: '["1"]', reason: 'parent_quarantined' },
      { source_key: '["2"]', reason: 'orphan' },
    ]);
  });

  it('stops by name when a table outside the plan refers to a row that has to go', async () => {
    await database.query(
      `create table dst.other (p int references dst.parent on delete cascade); insert into dst.other values (20)`,
    );
    await expect(apply(sides, 6, [incomingOf(parent, [20], [])])).rejects.toMatchObject({
      problems: [{ code: 'RP5440' }],
    });
    expect(await keys('parent')).toEqual([9, 20]);
  });

  it('drops what it held', async () => {
    await dropDeferred(sides.target, run.ref.run);
    expect(
      await database.query(
        `select tablename from pg_tables where schemaname = 'rowproof' and tablename like 'deferred%'`,
      ),
    ).toEqual([]);
  });
});
