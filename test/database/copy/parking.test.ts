import { sentenceOf } from './whole-run';
import { exportQuarantine } from '../../../src/engine/copy/export-quarantine';
import { createValidationActivities } from '../../../activities/proof';
import { openCopyRun, type CopyRun, type CopyRunDraft } from './copy-run';
import { writableQuarantine } from '../../support/writable-quarantine';
import { createFinishActivities } from '../../../activities/finish';
import { createDiscoveryActivities } from '../../../activities/discovery';

let run: CopyRun;
afterEach(() => run.drop());

const draft: CopyRunDraft = {
  source: `create table people (id int primary key, name text, active bool);
    insert into people select g, 'p' || g, g % 5 <> 0 from generate_series(1, 30) g`,
  target: 'create table people (id int primary key, name text not null constraint short check (length(name) < 3))',
  mappings: [{ name: 'people', columns: [{ target: 'id' }, { target: 'name' }], where: 'active' }],
  settings: { batch: { rows: 10, bytes: 1, inFlight: 1 } },
};

const blocked = { what: 'people:1', mapping: 'people', ordinal: 1, why: 'RP5004' };

test('A blocked batch is parked with its facts, still counts as pending, and can be copied after all', async () => {
  run = await openCopyRun(draft);
  await run.activities.planBatches({ ref: run.ref, mapping: 'people' });
  await run.activities.blockBatch({ ref: run.ref, blocked });
  expect(await run.target.query('select state, owner, failure from rowproof.batch where ordinal = 1')).toEqual([
    { state: 'blocked', owner: null, failure: { what: 'people:1', why: 'RP5004' } },
  ]);
  expect(await run.activities.pendingBatches({ ref: run.ref, mapping: 'people', limit: 2 })).toMatchObject({
    ordinals: [0, 1],
    done: 0,
    batches: 4,
  });
  await run.activities.copyBatch({ ref: run.ref, mapping: 'people', ordinal: 1 });
  expect(await run.activities.pendingBatches({ ref: run.ref, mapping: 'people', limit: 9 })).toMatchObject({
    ordinals: [0, 2, 3],
    done: 1,
  });
});

test('Blocking a batch that is done changes nothing', async () => {
  run = await openCopyRun(draft);
  await run.activities.planBatches({ ref: run.ref, mapping: 'people' });
  await run.activities.copyBatch({ ref: run.ref, mapping: 'people', ordinal: 1 });
  await run.activities.blockBatch({ ref: run.ref, blocked });
  expect(await run.target.query('select state from rowproof.batch where ordinal = 1')).toEqual([{ state: 'done' }]);
});

test('A whole batch goes to quarantine by a decision, rows out of scope stay out of scope, twice is once', async () => {
  run = await openCopyRun(draft);
  await run.activities.planBatches({ ref: run.ref, mapping: 'people' });
  const first = await run.activities.quarantineBatch({
    ref: run.ref,
    mapping: 'people',
    ordinal: 1,
    by: 'dana',
    reason: 'the rows are known to be broken',
  });
  expect(first).toMatchObject({ migrated: 0, quarantined: 8, outOfScope: 2 });
  expect(
    await run.activities.quarantineBatch({ ref: run.ref, mapping: 'people', ordinal: 1, by: 'dana', reason: 'again' }),
  ).toEqual(first);
  expect(
    await run.target.query('select finding, reason, class, count(*)::int n from rowproof.quarantine group by 1, 2, 3'),
  ).toEqual([{ finding: 'people.batch_1.blocked', reason: 'blocked', class: 'quarantined', n: 8 }]);
  expect(
    await run.target.query('select finding, action, expect_rows::int, decided_by, origin from rowproof.decision'),
  ).toEqual([
    { finding: 'people.batch_1.blocked', action: 'quarantine', expect_rows: 8, decided_by: 'dana', origin: 'operator' },
  ]);
});

test('Bad rows within the limit pass, one more asks, and an expected finding does not count', async () => {
  run = await openCopyRun({
    ...draft,
    mappings: [{ ...draft.mappings[0]!, where: null, maxBadRows: { rows: 10, percent: null } }],
  });
  await run.activities.planBatches({ ref: run.ref, mapping: 'people' });
  await run.activities.copyBatch({ ref: run.ref, mapping: 'people', ordinal: 1 });
  expect(await run.activities.checkLimits({ ref: run.ref, mapping: 'people' })).toBeNull();
  await run.activities.copyBatch({ ref: run.ref, mapping: 'people', ordinal: 2 });
  expect((await run.activities.checkLimits({ ref: run.ref, mapping: 'people' }))?.why).toContain('(RP5010)');
  await run.target.query(
    `insert into rowproof.decision values ($1, 'people.short.*', 'quarantine', 20, 5, 'known', 'dana', 'operator', now())`,
    [run.ref.run],
  );
  expect(await run.activities.checkLimits({ ref: run.ref, mapping: 'people' })).toBeNull();
});

test('The batch with which the limit is exceeded says so, with what to decide: the kinds of rows, or the limit itself', async () => {
  run = await openCopyRun({
    source: `create table people (id int primary key, name text); insert into people select g, 'p' || g from generate_series(1, 30) g`,
    target: `create table people (id int primary key, name text constraint short check (length(name) < 3));
      create function refuse() returns trigger language plpgsql as
        'begin if new.id in (3, 25) then raise exception using message = new.name; end if; return new; end';
      create trigger refusing before insert on people for each row execute function refuse();
      create trigger resting before insert on people for each row execute function refuse();
      alter table people disable trigger resting`,
    mappings: [{ ...draft.mappings[0]!, where: null, maxBadRows: { rows: 3, percent: null } }],
    settings: { batch: { rows: 10, bytes: 1, inFlight: 1 } },
  });
  const { activities, ref } = run;
  await activities.planBatches({ ref, mapping: 'people' });
  const receipts = [
    await activities.copyBatch({ ref, mapping: 'people', ordinal: 0 }),
    await activities.copyBatch({ ref, mapping: 'people', ordinal: 1 }),
  ];
  expect(receipts.map(({ quarantined, overLimit = false }) => [quarantined, overLimit])).toEqual([
    [2, false],
    [10, true],
  ]);
  const over = await activities.checkLimits({ ref, mapping: 'people' });
  expect(over?.why).toBe(
    'people has 12 bad rows without an expected number, 3 are allowed: ' +
      'people.short.check (11; constraint short, column name), people.row.raised (1; trigger refusing) (RP5010)',
  );
  expect(over?.findings.map(({ id, rows, choices }) => [id, rows, choices])).toEqual([
    ['people.row.raised', 1, ['quarantine', 'stop']],
    ['people.short.check', 11, ['quarantine', 'stop']],
    ['people.max_bad_rows', 12, ['accept', 'stop']],
  ]);
  const decide = (finding: string, action: 'accept' | 'quarantine', rows: number) =>
    createDiscoveryActivities({ databases: run.databases, signal: () => undefined, heartbeat: () => undefined }).decide(
      { ref, message: { finding, do: action, expect: { rows }, by: 'ben', reason: 'known' } },
    );
  await decide('people.max_bad_rows', 'accept', 11);
  expect((await activities.checkLimits({ ref, mapping: 'people' }))?.why).toContain('11 are allowed');
  await decide('people.max_bad_rows', 'accept', 15);
  expect(await activities.checkLimits({ ref, mapping: 'people' })).toBeNull();
  expect((await activities.copyBatch({ ref, mapping: 'people', ordinal: 2 })).overLimit).toBe(true);
  await decide('people.short.check', 'quarantine', 21);
  expect(await activities.checkLimits({ ref, mapping: 'people' })).toBeNull();

  // what is allowed at most is no promise of so many
  await run.copyAll();
  const unmet = await createFinishActivities({ databases: run.databases }).undecidedQuarantine(ref);
  expect(unmet.map(({ id, rows }) => [id, rows])).toEqual([['people.row.raised', 1]]);
  await decide('people.max_bad_rows', 'accept', 0);
  const more = await createFinishActivities({ databases: run.databases }).undecidedQuarantine(ref);
  expect(more.map(({ id, rows }) => [id, rows])).toContainEqual(['people.max_bad_rows', 1]);
});

test('Rows that only follow a parent do not count against the limit of their table', async () => {
  run = await openCopyRun({ ...draft, mappings: [{ ...draft.mappings[0]!, maxBadRows: { rows: 0, percent: null } }] });
  await writableQuarantine(run.target);
  await run.target.query(
    `insert into rowproof.quarantine (run, mapping, source_key, class, reason, finding)
     values ($1, 'people', '["1"]', 'quarantined', 'parent_quarantined', 'people.boss_id.parent_quarantined')`,
    [run.ref.run],
  );
  expect(await run.activities.checkLimits({ ref: run.ref, mapping: 'people' })).toBeNull();
});

test('A table that stops on bad rows stops at the first, unless a decision covers it', async () => {
  run = await openCopyRun({ ...draft, mappings: [{ ...draft.mappings[0]!, onBadRow: 'stop' }] });
  await run.activities.planBatches({ ref: run.ref, mapping: 'people' });
  await run.activities.copyBatch({ ref: run.ref, mapping: 'people', ordinal: 0 });
  expect(await run.activities.checkLimits({ ref: run.ref, mapping: 'people' })).toBeNull();
  await run.activities.copyBatch({ ref: run.ref, mapping: 'people', ordinal: 1 });
  expect((await run.activities.checkLimits({ ref: run.ref, mapping: 'people' }))?.why).toContain('(RP5011)');
  await run.target.query(
    `insert into rowproof.decision values ($1, 'people.short.check', 'quarantine', null, null, 'known', 'dana', 'operator', now())`,
    [run.ref.run],
  );
  expect(await run.activities.checkLimits({ ref: run.ref, mapping: 'people' })).toBeNull();
});

test('A finding that is decided out of scope is booked there', async () => {
  run = await openCopyRun({
    ...draft,
    decisions: [{ finding: 'people.short.check', do: 'out_of_scope', expect: null, because: 'old', by: 'dana' }],
  });
  await run.copyAll();
  expect(await run.activities.pendingBatches({ ref: run.ref, mapping: 'people', limit: 1 })).toMatchObject({
    migrated: 8,
    quarantined: 0,
    outOfScope: 22,
  });
  expect(await run.target.query('select distinct class from rowproof.quarantine')).toEqual([{ class: 'out_of_scope' }]);
});

test('An exact decision counts before a pattern, and an operator before the plan, in class and in limits', async () => {
  run = await openCopyRun({
    ...draft,
    mappings: [{ ...draft.mappings[0]!, onBadRow: 'stop', maxBadRows: { rows: 0, percent: null } }],
    decisions: [
      {
        finding: 'people.*',
        do: 'out_of_scope',
        expect: { rows: 16, tolerance: 0 },
        because: 'old',
        by: 'dana',
      },
      { finding: 'people.short.check', do: 'quarantine', expect: null, because: 'to be mended', by: 'dana' },
    ],
  });
  await run.copyAll();
  expect(await run.target.query('select distinct class from rowproof.quarantine')).toEqual([{ class: 'quarantined' }]);
  expect((await run.activities.checkLimits({ ref: run.ref, mapping: 'people' }))?.why).toContain('(RP5010)');
  await run.target.query(
    `insert into rowproof.decision values ($1, 'people.short.check', 'quarantine', 16, 0, 'known', 'ed', 'operator', now())`,
    [run.ref.run],
  );
  expect(await run.activities.checkLimits({ ref: run.ref, mapping: 'people' })).toBeNull();
});

test('A decision to stop covers no row: neither the copy, nor the settle gate, nor the verdict takes it for a decision', async () => {
  run = await openCopyRun({
    ...draft,
    mappings: [{ ...draft.mappings[0]!, onBadRow: 'stop' }],
  });
  await run.copyAll();
  const finish = createFinishActivities({ databases: run.databases });
  expect(await finish.undecidedQuarantine(run.ref)).toMatchObject([{ id: 'people.short.check', rows: 16 }]);
  await run.target.query(
    `insert into rowproof.decision values ($1, 'people.short.check', 'stop', null, null, 'no', 'dana', 'operator', now())`,
    [run.ref.run],
  );
  const [open] = await finish.undecidedQuarantine(run.ref);
  expect(open).toMatchObject({ id: 'people.short.check', rows: 16, choices: ['quarantine', 'stop'] });
  expect(open?.sentence).toContain('The decision is to stop here');
  expect((await run.activities.checkLimits({ ref: run.ref, mapping: 'people' }))?.why).toContain('(RP5011)');
  const verdict = await createValidationActivities({ databases: run.databases, plansFolder: null }).reconcile(run.ref);
  expect(verdict.problems).toContain('16 rows in quarantine without a decision: people.short.check');
});

test('A decision that had another effect than it expected is asked for again with what is seen, also where nothing is left of it', async () => {
  run = await openCopyRun(draft);
  await run.copyAll();
  const finish = createFinishActivities({ databases: run.databases });
  await run.target.query(
    `insert into rowproof.decision values ($1, 'people.short.check', 'quarantine', 15, 0, 'known', 'ed', 'operator', now()),
       ($1, 'people.gone.check', 'quarantine', 2, 0, 'known', 'ed', 'operator', now())`,
    [run.ref.run],
  );
  const open = await finish.undecidedQuarantine(run.ref);
  expect(open.map(({ id, rows, sentence }) => [id, rows, sentence])).toEqual([
    ['people.gone.check', 0, expect.stringContaining('expected 2 rows, 0 are seen.')],
    ['people.short.check', 16, expect.stringContaining('expected 15 rows, 16 are seen.')],
  ]);
  await run.target.query('update rowproof.decision set expect_rows = case finding when $1 then 16 else 0 end', [
    'people.short.check',
  ]);
  expect(await finish.undecidedQuarantine(run.ref)).toEqual([]);
});

test('An export of the quarantine is recorded with the rows that leave', async () => {
  run = await openCopyRun(draft);
  await run.copyAll();
  const lines: string[] = [];
  const options = { table: 'people', by: 'dana', allColumns: false };
  expect(await exportQuarantine(run.databases, run.ref, options, (line) => lines.push(line))).toBe(16);
  expect(lines).toHaveLength(17);
  expect(await run.target.query('select kind, body from rowproof.event')).toEqual([
    { kind: 'quarantine exported', body: { by: 'dana', table: 'people', rows: 16, allColumns: false } },
  ]);
});

test('A cause that no row has keeps the rows of a blocked batch out of quarantine, and is named', async () => {
  run = await openCopyRun({
    source: `create table t (id int primary key, c text); insert into t select g, 'canary' || g from generate_series(1, 20) g`,
    target: `create table t (id int primary key, c text);
      create function note() returns trigger language plpgsql as 'begin insert into missing values (new.id); return new; end';
      create trigger note after insert on t for each row execute function note()`,
    mappings: [{ name: 't', columns: [{ target: 'id' }, { target: 'c' }] }],
    decisions: [{ finding: 't.note.trigger', do: 'fire', expect: null, because: 'audited', by: 'ana' }],
  });
  await run.activities.planBatches({ ref: run.ref, mapping: 't' });
  const copied = await sentenceOf(run.activities.copyBatch({ ref: run.ref, mapping: 't', ordinal: 0 }));
  expect(copied).toContain('undefined_table (42P01), in function public.note');
  const refused = await sentenceOf(
    run.activities.quarantineBatch({ ref: run.ref, mapping: 't', ordinal: 0, by: 'dana', reason: 'they do not go in' }),
  );
  expect(refused).toContain('Batch t:0 does not quarantine its 20 rows: no row causes the failure.');
  expect(refused).toContain('undefined_table (42P01), in function public.note');
  expect(`${copied} ${refused}`).not.toContain('canary');
  expect(await run.target.query('select count(*)::int as n from rowproof.quarantine')).toEqual([{ n: 0 }]);
  await run.target.query('create table missing (id int)');
  expect(await run.activities.copyBatch({ ref: run.ref, mapping: 't', ordinal: 0 })).toMatchObject({
    migrated: 20,
    quarantined: 0,
  });
});

test('A cause that some rows have takes these out of a blocked batch, and the others are copied', async () => {
  run = await openCopyRun({
    source: `create table t (id int primary key, c text); insert into t select g, 'v' || g from generate_series(1, 20) g`,
    target: `create table t (id int primary key, c text);
      create function note() returns trigger language plpgsql as
        'begin if new.id in (3, 17) then insert into missing values (new.id); end if; return new; end';
      create trigger note after insert on t for each row execute function note()`,
    mappings: [{ name: 't', columns: [{ target: 'id' }, { target: 'c' }] }],
    decisions: [{ finding: 't.note.trigger', do: 'fire', expect: null, because: 'audited', by: 'ana' }],
  });
  await run.activities.planBatches({ ref: run.ref, mapping: 't' });
  await expect(run.activities.copyBatch({ ref: run.ref, mapping: 't', ordinal: 0 })).rejects.toMatchObject({
    code: '42P01',
  });
  expect(
    await run.activities.quarantineBatch({
      ref: run.ref,
      mapping: 't',
      ordinal: 0,
      by: 'dana',
      reason: 'they do not go in',
    }),
  ).toMatchObject({
    migrated: 18,
    quarantined: 2,
  });
  expect(
    await run.target.query('select source_key, reason, finding, sqlstate from rowproof.quarantine order by source_key'),
  ).toEqual(
    ['["17"]', '["3"]'].map((key) => ({
      source_key: key,
      reason: 'blocked',
      finding: 't.batch_0.blocked',
      sqlstate: '42P01',
    })),
  );
});
