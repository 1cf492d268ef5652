import { cutoverSteps } from '../../src/engine/cutover/steps';
import { createCaptureActivities } from '../../activities/capture';
import { exportQuarantine } from '../../src/engine/copy/export-quarantine';
import { createRunActivities } from '../../activities/run';
import { openCutoverRun, proveAll, type CutoverRun } from './cutover/cutover-fixture';
import type { TestDatabase } from '../support/postgres/postgres';
import { finishRun } from '../../src/engine/rollback/roll-back';

jest.setTimeout(120_000);

/** Every key begins with KEY, every other value with VALUE. */
const draft = {
  source: `create table people (code text primary key, mail text, note text);
    insert into people select 'KEY' || g, 'VALUE' || g || '@mail', 'VALUE note' from generate_series(1, 20) g`,
  target: 'create table people (code text primary key, mail text unique, note text)',
  mappings: [{ name: 'people', columns: [{ target: 'code' }, { target: 'mail' }, { target: 'note' }] }],
  settings: { batch: { rows: 5, bytes: 1_000_000, inFlight: 1 } },
  decisions: [{ finding: '*', do: 'quarantine' as const, expect: null, because: 'known', by: 'ana' }],
};

/** Tables of schema rowproof in which a row holds this text, deferred tables under one name. */
async function holding(database: TestDatabase, text: string): Promise<string[]> {
  const tables = await database.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'rowproof' and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
  );
  const found = new Set<string>();
  for (const { name } of tables) {
    const rows = await database.query(`select from rowproof."${name}" t where t::text like '%${text}%' limit 1`);
    if (rows.length > 0) found.add(name.startsWith('deferred_') ? 'deferred' : name);
  }
  return [...found];
}

/** A change log is a table of schema rowproof on the source; its name is that of the run. */
async function inChangeLog(run: CutoverRun, text: string): Promise<boolean> {
  return (await holding(run.source, text)).some((name) => name.startsWith('change_'));
}

describe('what stays of a run that was followed, where a row did not fit for a time', () => {
  let run: CutoverRun;
  beforeEach(async () => {
    run = await openCutoverRun(draft);
    expect(await proveAll(run, ['people'])).toBe(true);
    await run.source.query(`update people set mail = 'VALUE1@mail' where code = 'KEY2'`);
    await cutoverSteps.drain(run.host, run.ref, () => undefined);
  });
  afterEach(() => run.drop());

  const close = (outcome: 'complete' | 'failed', sentence: string): Promise<void> =>
    createRunActivities({ databases: run.databases, env: {}, plansFolder: null } as never).closeRun({
      ref: run.ref,
      outcome,
      sentence,
    });

  const complete = async (): Promise<void> => {
    expect(await run.cutover.cutOver({ ref: run.ref, drill: false, by: 'ben' })).toMatchObject({ outcome: 'frozen' });
    await run.cutover.openTarget(run.ref);
    await createCaptureActivities(run.host).removeCapture(run.ref);
    await close('complete', 'Every row is accounted for.');
  };

  it('while it is followed: values in the deferred table alone, keys in the ledger and in the change log of the source', async () => {
    expect(await holding(run.target, 'VALUE')).toEqual(['deferred']);
    expect(await run.target.query('select mapping, source_key from rowproof.quarantine')).toEqual([
      { mapping: 'people', source_key: '["KEY2"]' },
    ]);
    expect(await holding(run.target, 'KEY')).toEqual(['batch', 'deferred', 'quarantined', 'touched', 'touched_target']);
    expect(await inChangeLog(run, 'KEY')).toBe(true);
    expect(await holding(run.source, 'VALUE')).toEqual([]);
  });

  it('an export: in the file that was asked for; in the ledger who made it, and of how many rows', async () => {
    const lines: string[] = [];
    const options = { table: null, by: 'ana', allColumns: false };
    await exportQuarantine(run.databases, run.ref, options, (line) => lines.push(line));
    expect(lines.join('\n')).toContain('VALUE1@mail');
    expect(await run.target.query(`select body from rowproof.event where kind = 'quarantine exported'`)).toEqual([
      { body: { by: 'ana', table: null, rows: 1, allColumns: false } },
    ]);
    expect(await holding(run.target, 'VALUE')).toEqual(['deferred']);
  });

  it('when it is complete: no value; the keys in quarantine; nothing on the source but the freeze', async () => {
    await complete();
    expect(await holding(run.target, 'VALUE')).toEqual([]);
    expect(await run.target.query(`select 1 from pg_tables where tablename like 'deferred%'`)).toEqual([]);
    expect(await holding(run.target, 'KEY')).toEqual(expect.arrayContaining(['batch', 'quarantined']));
    expect(await run.source.query(`select 1 from pg_tables where schemaname = 'rowproof'`)).toEqual([]);
  });

  it('after it was rolled back: no value; the keys until it is finished; nothing on the source', async () => {
    expect(await run.rollBack()).toMatchObject({ equal: true });
    expect(await holding(run.target, 'VALUE')).toEqual([]);
    expect(await run.target.query(`select 1 from pg_tables where tablename like 'deferred%'`)).toEqual([]);
    expect(await holding(run.target, 'KEY')).toEqual(expect.arrayContaining(['batch', 'quarantined']));
    expect(await run.source.query(`select 1 from pg_namespace where nspname = 'rowproof'`)).toEqual([]);
  });

  it('when it failed: the deferred rows, until it goes on or is undone', async () => {
    await close('failed', 'Somebody ended it.');
    expect(await holding(run.target, 'VALUE')).toEqual(['deferred']);
  });

  it('when it is finished: no key either, where the target has the keys of the source', async () => {
    await complete();
    await finishRun({ databases: run.databases }, run.ref, true);
    expect(await holding(run.target, 'KEY')).toEqual([]);
    expect(await run.source.query(`select 1 from pg_namespace where nspname = 'rowproof'`)).toEqual([]);
  });
});

describe('what stays of the columns that others refer to, of a row in quarantine', () => {
  let run: CutoverRun;
  beforeEach(async () => {
    run = await openCutoverRun({
      ...draft,
      source: `create table people (code text primary key, mail text unique, age int);
        create table letters (code text primary key, mail text, pages int);
        insert into people select 'KEY' || g, 'VALUE' || g || '@mail', g - 3 from generate_series(1, 20) g;
        insert into letters select 'KEY' || g, 'VALUE' || g || '@mail', g - 4 from generate_series(3, 20) g`,
      target: `create table people (code text primary key, mail text unique, age int constraint grown check (age >= 0));
        create table letters (code text primary key, mail text references people (mail),
          pages int constraint written check (pages >= 0))`,
      mappings: [
        { name: 'people', columns: [{ target: 'code' }, { target: 'mail' }, { target: 'age' }] },
        { name: 'letters', columns: [{ target: 'code' }, { target: 'mail' }, { target: 'pages' }] },
      ],
    });
    expect(await proveAll(run, ['people', 'letters'])).toBe(true);
  });
  afterEach(() => run.drop());

  const close = (outcome: 'complete' | 'failed' | 'rolled_back'): Promise<void> =>
    createRunActivities({ databases: run.databases, env: {}, plansFolder: null } as never).closeRun({
      ref: run.ref,
      outcome,
      sentence: 'It is over.',
    });
  /** Keys with the referenced columns that are kept beside them. */
  const refs = (): Promise<unknown> =>
    run.target.query('select source_key as key, refs from rowproof.quarantined order by mapping, source_key');

  const bare = [
    { key: '["KEY1"]', refs: null },
    { key: '["KEY2"]', refs: null },
    { key: '["KEY3"]', refs: null },
  ];

  it('while it may go on: those that foreign keys refer to, and nothing of a table that nothing refers to', async () => {
    const kept = [
      { key: '["KEY1"]', refs: { mail: 'VALUE1@mail' } },
      { key: '["KEY2"]', refs: { mail: 'VALUE2@mail' } },
      ...bare.slice(2),
    ];
    expect(await refs()).toEqual(kept);
    await close('failed');
    expect(await refs()).toEqual(kept);
  });

  it('when it is complete: the keys alone', async () => {
    expect(await run.cutover.cutOver({ ref: run.ref, drill: false, by: 'ben' })).toMatchObject({ outcome: 'frozen' });
    await run.cutover.openTarget(run.ref);
    await close('complete');
    expect(await refs()).toEqual(bare);
  });

  it('when it was rolled back: the keys alone', async () => {
    expect(await run.rollBack()).toMatchObject({ equal: true });
    await close('rolled_back');
    expect(await refs()).toEqual(bare);
  });
});
