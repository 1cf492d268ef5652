import { createValidationActivities } from '../../../activities/proof';
import { openCopyRun, type CopyRun } from '../copy/copy-run';
import { createFinishActivities } from '../../../activities/finish';
import { createPrepareActivities } from '../../../activities/prepare';

jest.setTimeout(120_000);

let run: CopyRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const decision = (finding: string, rows: number) => ({
  finding,
  do: 'quarantine',
  expect: { rows, tolerance: 0 },
  because: 'as agreed',
  by: 'ana',
});

test('Duplicates, orphans and their children leave books that close and a proof that is green', async () => {
  run = await openCopyRun({
    source: `
      create table customer (no int primary key, mail text, born text);
      insert into customer select g, case when g % 10 = 0 then 'twice' || g / 20 else 'm' || g end, case when g = 7 then 'x' else '2020-01-01' end
        from generate_series(1, 100) g;
      create table orders (no int primary key, cust int, parent int);
      insert into orders select g, case when g % 50 = 0 then 999 else 1 + g % 100 end, nullif(g / 2, 0) from generate_series(1, 300) g;
      create table line (no int primary key, ord int); insert into line select g, 1 + g % 300 from generate_series(1, 600) g;`,
    target: `
      create table customer (id uuid primary key, no int, mail text, born date, constraint one_mail unique (mail));
      create table orders (no int primary key, cust uuid not null, parent int,
        constraint of_customer foreign key (cust) references customer, constraint of_parent foreign key (parent) references orders);
      create table line (no int primary key, ord int, constraint of_order foreign key (ord) references orders)`,
    mappings: [
      {
        name: 'customer',
        where: 'no <= 90',
        id: { kind: 'uuid_from', from: ['no'], column: 'id' },
        columns: [
          { target: 'no' },
          { target: 'mail' },
          { target: 'born', steps: [{ name: 'parse_date', args: ['YYYY-MM-DD'] }] },
        ],
      },
      { name: 'orders', columns: [{ target: 'no' }, { target: 'cust', ref: 'customer' }, { target: 'parent' }] },
      { name: 'line', columns: [{ target: 'no' }, { target: 'ord' }] },
    ],
    decisions: [
      decision('customer.mail.unique', 4),
      decision('customer.born.bad_date', 1),
      decision('orders.cust.orphan', 6),
    ],
    settings: { batch: { rows: 70, bytes: 1, inFlight: 4 } },
  } as never);
  const { databases, ref } = run;
  const finish = createFinishActivities({ databases });
  const validation = createValidationActivities({ databases, plansFolder: null });
  await createPrepareActivities({ databases }).prepareTarget(ref);
  await run.copyAll();
  await finish.settle(ref);
  await finish.rebuildIndexes(ref);
  await finish.rebuildForeignKeys(ref);
  await finish.restoreTriggers(ref);
  for (const name of ['customer', 'orders', 'line']) {
    expect(await validation.proveMapping({ ref, mapping: name })).toMatchObject({
      mismatch: 0,
      missing: 0,
      extraneous: 0,
      duplicate: 0,
      unverifiable: 0,
    });
  }
  expect(await validation.proveReferences(ref)).toEqual({ checked: 3, broken: 0 });
  expect(await validation.checkRules(ref)).toMatchObject({ broken: 0 });
  await validation.runSpotChecks(ref);
  const verdict = await validation.reconcile(ref);
  expect(verdict.problems).toEqual([]);
  expect(verdict.reconciliation.map(({ mapping, source, unexplained }) => [mapping, source, unexplained])).toEqual([
    ['customer', 100, 0],
    ['orders', 300, 0],
    ['line', 600, 0],
  ]);
  expect(verdict.reconciliation[0]).toMatchObject({ outOfScope: 10, quarantined: 5, migrated: 85 });
  expect(
    verdict.reconciliation.every(
      (reconciliation) => reconciliation.migrated > 0 && reconciliation.quarantined + reconciliation.outOfScope > 0,
    ),
  ).toBe(true);
});

test('Rows of a hundred and twenty columns that share a target key are told apart by their contents', async () => {
  const names = Array.from({ length: 120 }, (_, at) => `c${at}`);
  const columns = names.map((name) => `${name} text`).join(', ');
  run = await openCopyRun({
    source: `create table wide (no int primary key, id int, ${columns});
      insert into wide (no, id, c119) values (1, 7, 'first'), (2, 7, 'second'), (3, 8, null)`,
    target: `create table wide (id int primary key, ${columns})`,
    mappings: [{ name: 'wide', columns: [{ target: 'id' }, ...names.map((target) => ({ target }))] }],
  } as never);
  await createPrepareActivities({ databases: run.databases }).prepareTarget(run.ref);
  await run.copyAll();
  await createFinishActivities({ databases: run.databases }).settle(run.ref);
  expect(await run.target.query('select id, c119 from wide order by id')).toEqual([
    { id: 7, c119: 'first' },
    { id: 8, c119: null },
  ]);
  expect(await run.target.query('select source_key, refs from rowproof.quarantine')).toEqual([
    { source_key: '["2"]', refs: null },
  ]);
});
