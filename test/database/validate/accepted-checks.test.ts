import { createValidationActivities } from '../../../activities/proof';
import type { FindingSummary } from '../../../src/contract/run';
import { readReportData } from '../../../src/postgres/ledger/run/report';
import { buildReport } from '../../../src/report/build-report';
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

const key = 'public.notes.notes_p.reference';

/** Notes are of others: two of them refer to rows that nobody brings. */
const draft = (validity: string): CopyRunDraft => ({
  source: 'create table p (id int primary key, n int); insert into p select g, g from generate_series(1, 50) g',
  target: `create table p (id int primary key, n int); create table notes (id int primary key, p_id int);
    insert into notes values (1, 7), (2, 777), (3, 778), (4, null);
    alter table notes add constraint notes_p foreign key (p_id) references p not valid; ${validity}`,
  mappings: [
    { name: 'p', columns: [{ target: 'id' }, { target: 'n' }], rules: { n: [{ name: 'range', args: { max: 49 } }] } },
  ],
});
const notValid = '';
/** As after a restore with triggers disabled: the catalog calls it valid, and rows break it. */
const wronglyValid = `update pg_constraint set convalidated = true where conname = 'notes_p'`;

function activitiesOf({ databases }: CopyRun) {
  const host = { databases, signal: () => undefined, heartbeat: () => undefined };
  return {
    ...createDiscoveryActivities(host),
    ...createFinishActivities({ databases }),
    ...createValidationActivities({ databases, plansFolder: null }),
  };
}

async function discover(opened: CopyRun): Promise<readonly FindingSummary[]> {
  const { ref, databases } = opened;
  const { recordCatalogs, profileMapping, tryTargetRules, undecidedFindings } = activitiesOf(opened);
  await recordCatalogs(ref);
  await profileMapping({ ref, mapping: 'p' });
  await tryTargetRules(ref);
  await createDiscoveryActivities({ databases }).fingerprintTarget({ ref, moment: 'before' });
  return undecidedFindings(ref);
}

async function load(opened: CopyRun): Promise<void> {
  const { ref, databases } = opened;
  const { settle, rebuildIndexes, rebuildForeignKeys, restoreTriggers } = activitiesOf(opened);
  await createPrepareActivities({ databases }).prepareTarget(ref);
  await opened.copyAll();
  await settle(ref);
  await rebuildIndexes(ref);
  await rebuildForeignKeys(ref);
  await restoreTriggers(ref);
}

async function prove(opened: CopyRun) {
  const { proveMapping, proveReferences, checkRules, reconcile } = activitiesOf(opened);
  await proveMapping({ ref: opened.ref, mapping: 'p' });
  await proveReferences(opened.ref);
  await checkRules(opened.ref);
  return reconcile(opened.ref);
}

const open = async (opened: CopyRun) => {
  const { undecidedFindings, undecidedQuarantine } = activitiesOf(opened);
  return [...(await undecidedFindings(opened.ref)), ...(await undecidedQuarantine(opened.ref))];
};

const accept = (opened: CopyRun, finding: string, rows?: number) =>
  activitiesOf(opened).decide({
    ref: opened.ref,
    message: { finding, do: 'accept', ...(rows === undefined ? {} : { expect: { rows } }), by: 'ben', reason: 'known' },
  });

const rule = 'p.n.range.rule';

test.each([
  ['was NOT VALID', notValid],
  ['was called valid', wronglyValid],
])('Rows of others that break a key which %s are one finding from discovery to the verdict', async (_, validity) => {
  run = await openCopyRun(draft(validity));
  const found = await discover(run);
  expect(found).toMatchObject([{ id: key, rows: 2, choices: ['accept', 'stop'] }]);
  expect(found[0]?.sentence).toBe(
    '2 rows of public.notes, a table outside the plan, have no parent in public.p (foreign key notes_p).',
  );
  await load(run);
  const red = await prove(run);
  expect(red).toMatchObject({ green: false, decidable: true });
  expect(red.problems).toEqual([
    `foreign key public.notes.notes_p: 2 broken without a decision (${key})`,
    `rule p.n.range: 1 broken without a decision (${rule})`,
  ]);
  expect((await open(run)).map(({ id, rows }) => [id, rows])).toEqual([
    [key, 2],
    [rule, 1],
  ]);

  // without the number, then with a number that was right once
  await accept(run, rule, 1);
  await accept(run, key, 2);
  await run.target.query('set session_replication_role = replica; insert into notes values (9, 999)');
  const moved = await prove(run);
  expect(moved).toMatchObject({ green: false, decidable: true });
  expect(moved.problems).toEqual([`decision ${key}: expected 2 rows, saw 3`]);
  expect(await open(run)).toMatchObject([{ id: key, rows: 3, choices: ['accept', 'stop'] }]);
  expect((await open(run))[0]?.sentence).toMatch(/expected 2 rows, 3 are seen/);

  await accept(run, key, 3);
  expect(await prove(run)).toMatchObject({
    green: true,
    sentence:
      'every row accounted for, every field proved; accepted: foreign key public.notes.notes_p, 3 broken, by ben, rule p.n.range, 1 broken, by ben',
  });
  expect(await open(run)).toEqual([]);

  const ledger = await run.databases.ledger(run.ref, 'test');
  const report = buildReport(await readReportData(ledger, run.ref.run));
  await ledger.close();
  expect(report.checks.find(({ name }) => name === 'public.notes.notes_p')).toMatchObject({
    broken: 3,
    note: expect.stringContaining('accepted by ben: known') as string,
  });
  expect(report.decisions.find(({ finding }) => finding === key)).toMatchObject({
    action: 'accept',
    by: 'ben',
    expected: 3,
    observed: 3,
    asExpected: true,
  });
});

test('What was accepted and is mended since asks for the new number, and a rollback comes to its end', async () => {
  run = await openCopyRun(draft(wronglyValid));
  await discover(run);
  await load(run);
  await prove(run);
  await accept(run, rule, 1);
  await accept(run, key, 2);
  await run.target.query('delete from notes where p_id > 700; alter table notes validate constraint notes_p');
  expect((await prove(run)).problems).toEqual([`decision ${key}: expected 2 rows, saw 0`]);
  expect(await open(run)).toMatchObject([{ id: key, rows: 0, choices: ['accept', 'stop'] }]);
  await accept(run, key, 0);
  expect(await prove(run)).toMatchObject({ green: true });

  const rollback = createRollbackActivities({ databases: run.databases });
  await rollback.revokeLeases(run.ref);
  for (const step of await rollback.openSteps(run.ref))
    await rollback.compensate({ ref: run.ref, ordinal: step.ordinal });
  expect(await rollback.proveRollback(run.ref)).toMatchObject({ differences: [expect.stringContaining('notes_p')] });
});

test('Rows that differ are not for anybody to accept, also beside something that is', async () => {
  run = await openCopyRun(draft(notValid));
  await discover(run);
  await load(run);
  await run.target.query('update p set n = 0 where id = 3');
  const red = await prove(run);
  expect(red.decidable).toBeUndefined();
  await accept(run, rule, 1);
  await accept(run, key, 2);
  await activitiesOf(run).decide({
    ref: run.ref,
    message: { finding: '*', do: 'accept', expect: { rows: 3 }, by: 'ben', reason: 'all of it' },
  });
  expect((await prove(run)).problems[0]).toMatch(/^p: 1 .*differ|^p: .*mismatch|different/);
  expect((await prove(run)).green).toBe(false);
});
