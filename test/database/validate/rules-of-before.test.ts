import { createValidationActivities } from '../../../activities/proof';
import { openCopyRun, type CopyRun, type CopyRunDraft } from '../copy/copy-run';
import { createDiscoveryActivities } from '../../../activities/discovery';
import { createFinishActivities } from '../../../activities/finish';
import { createPrepareActivities } from '../../../activities/prepare';
import { createRollbackActivities } from '../../../activities/rollback';

jest.setTimeout(120_000);

let run: CopyRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const plan = (validate: boolean, orphans = ''): CopyRunDraft => ({
  source: `create table p (id int primary key); insert into p select generate_series(1, 50);
    create table c (id int primary key, p_id int, n int); insert into c select g, 1 + g % 50, g from generate_series(1, 100) g; ${orphans}`,
  target: `create table p (id int primary key); create table c (id int primary key, p_id int, n int);
    alter table c add constraint c_fk foreign key (p_id) references p deferrable initially deferred not valid;
    alter table c add constraint c_n check (n > 0) not valid;
    create unique index broken on c (n); update pg_index set indisvalid = false where indexrelid = 'broken'::regclass`,
  mappings: [
    { name: 'p', columns: [{ target: 'id' }] },
    {
      name: 'c',
      columns: [{ target: 'id' }, { target: 'p_id' }, { target: 'n' }],
      ...(validate ? { validate: true as const } : {}),
    },
  ],
});

async function whole(opened: CopyRun) {
  const { databases, ref } = opened;
  const host = { databases, signal: () => undefined, heartbeat: () => undefined };
  await createDiscoveryActivities(host).recordCatalogs(ref);
  await createDiscoveryActivities({ databases }).fingerprintTarget({ ref, moment: 'before' });
  await createPrepareActivities({ databases }).prepareTarget(ref);
  await opened.copyAll();
  const finish = createFinishActivities({ databases });
  await finish.settle(ref);
  await finish.rebuildIndexes(ref);
  await finish.rebuildForeignKeys(ref);
  await finish.restoreTriggers(ref);
  const validation = createValidationActivities({ databases, plansFolder: null });
  for (const mapping of ['p', 'c']) await validation.proveMapping({ ref, mapping });
  await validation.proveReferences(ref);
  await validation.checkRules(ref);
  return validation.reconcile(ref);
}

const state = `select conname as name, convalidated as valid, condeferred as deferred from pg_constraint
  where conname in ('c_fk', 'c_n') union all select 'broken', indisvalid, false from pg_index where indexrelid = 'broken'::regclass order by 1`;

async function undo({ databases, ref }: CopyRun) {
  const activities = createRollbackActivities({ databases });
  await activities.revokeLeases(ref);
  for (const step of await activities.openSteps(ref)) await activities.compensate({ ref, ordinal: step.ordinal });
  return activities.proveRollback(ref);
}

test.each([false, true])('A key that was NOT VALID comes back as it was, or validated: %s', async (validate) => {
  run = await openCopyRun(plan(validate));
  const before = await run.target.query(state);
  expect(await whole(run)).toMatchObject({ green: true });
  expect(await run.target.query(state)).toEqual([
    { name: 'broken', valid: false, deferred: false },
    { name: 'c_fk', valid: validate, deferred: true },
    { name: 'c_n', valid: false, deferred: false },
  ]);
  expect(await undo(run)).toEqual({ equal: true, differences: [], notes: [] });
  expect(await run.target.query(state)).toEqual(before);
});

test('The proof counts the orphans under a key that is NOT VALID', async () => {
  run = await openCopyRun(plan(false));
  await whole(run);
  await run.target.query(`set session_replication_role = replica; update c set p_id = 999 where id < 4`);
  const validation = createValidationActivities({ databases: run.databases, plansFolder: null });
  await validation.proveReferences(run.ref);
  expect(
    await run.target.query(
      `select name, broken::int, detail ->> 'orphans' as orphans from rowproof.check_result where name like '%c_fk'`,
    ),
  ).toEqual([{ name: 'public.c.c_fk', broken: 3, orphans: '3' }]);
});

test('An orphan goes to quarantine also under a key that is NOT VALID', async () => {
  run = await openCopyRun({
    ...plan(true, 'insert into c values (500, 777, 500)'),
    decisions: [
      { finding: 'c.p_id.orphan', do: 'quarantine', expect: { rows: 1, tolerance: 0 }, because: 'old', by: 'ana' },
    ],
  });
  expect(await whole(run)).toMatchObject({ green: true });
  expect(await run.target.query(`select convalidated from pg_constraint where conname = 'c_fk'`)).toEqual([
    { convalidated: true },
  ]);
});
