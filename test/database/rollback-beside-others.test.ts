import { onSource, openCutoverRun } from './cutover/cutover-fixture';
import { createDatabase, type TestDatabase } from '../support/postgres/postgres';
import { finish, hostile, loadRows, mappings, rollBack } from './rollback-fixture';
import { openTestRun, type TestRun } from './settle-fixture';
import { createDiscoveryActivities } from '../../activities/discovery';
import { createPrepareActivities } from '../../activities/prepare';
import { finishRun } from '../../src/engine/rollback/roll-back';

/** What an application does to a source while a run is under way, and what a rollback says of it. */
const source: readonly (readonly [string, string])[] = [
  [
    'create table parts_3 partition of parts for values from (20) to (30)',
    'replica identity of public.parts_3 was not there before',
  ],
  ['drop table parts_2', 'replica identity of public.parts_2 is gone'],
  [
    `create function app() returns trigger language plpgsql as 'begin return new; end'; create trigger app before insert on accounts for each row execute function app()`,
    'trigger app on public.accounts was not there before',
  ],
  ['drop trigger old_one on accounts', 'trigger old_one on public.accounts is gone'],
  ['create publication theirs for table accounts', 'publication theirs of public.accounts was not there before'],
  ['alter table accounts replica identity full', 'replica identity of public.accounts differs'],
];

const sourceTables = `create table accounts (id int primary key, owner text, balance int not null);
  create function old_one() returns trigger language plpgsql as 'begin return new; end';
  create trigger old_one before update on accounts for each row execute function old_one();
  insert into accounts select g, 'o' || g, 0 from generate_series(1, 50) g;
  create table parts (id int, day int, v text, primary key (id, day)) partition by range (day);
  create table parts_1 partition of parts for values from (0) to (10);
  create table parts_2 partition of parts for values from (10) to (20);
  insert into parts select g, g % 20, 'v' from generate_series(1, 50) g;`;

describe.each(['triggers', 'logical'] as const)('a run that is followed with %s', (capture) => {
  it('is rolled back beside the DDL of an application on its source, which is named and stays', async () => {
    const run = await openCutoverRun({ capture, source: sourceTables });
    try {
      for (const [sql] of source) await run.source.query(sql);
      const { equal, differences, notes } = await run.rollBack();
      expect({ equal, differences }).toEqual({ equal: true, differences: [] });
      for (const [, note] of source) expect(notes).toContain(`source legacy: ${note}`);
      expect(notes?.filter((note) => !note.startsWith('source legacy: '))).toEqual([]);
      const left = (await onSource(run)) as { relname: string; tgname: string }[];
      expect(left.filter(({ relname, tgname }) => `${relname}${tgname}`.includes('rowproof'))).toEqual([]);
      // once more changes nothing, and the ledger may go
      expect(await run.rollBack()).toMatchObject({ equal: true });
      await run.target.query(`update rowproof.run set outcome = 'rolled_back'`);
      expect(await finishRun(run, run.ref)).toMatchObject({ removed: true, left: [] });
    } finally {
      await run.drop();
    }
  });
});

/** What others do to the target while a run is under way, and objects that have to be named afterwards. */
const target: Readonly<Record<string, readonly [string, readonly string[]]>> = {
  'a new partition': [
    `create table "Neu.Schema".parted_us partition of "Neu.Schema".parted for values in ('ca')`,
    ['table "Neu.Schema".parted_us was not there before'],
  ],
  'a new partition below one': [
    `create table "Neu.Schema".parted_eu_2 partition of "Neu.Schema".parted_eu for values from (1000) to (2000)`,
    ['table "Neu.Schema".parted_eu_2 was not there before'],
  ],
  'a partition that goes': [`drop table "Neu.Schema".parted_rest`, ['table "Neu.Schema".parted_rest is gone']],
  'a partition that is detached': [
    `alter table "Neu.Schema".parted detach partition "Neu.Schema".parted_rest`,
    ['table "Neu.Schema".parted_rest differs'],
  ],
  'a table with rows, an index and a key of its own': [
    `create table "Neu.Schema".news (id int primary key, o bigint, v text); create index on "Neu.Schema".news (v); insert into "Neu.Schema".news values (1)`,
    ['table "Neu.Schema".news was not there before', 'rows of "Neu.Schema"."news" was not there before'],
  ],
  'rows of a table outside the plan': [
    `insert into "Neu.Schema"."Aussen" values (2)`,
    ['rows of "Neu.Schema"."Aussen" differs'],
  ],
  'a column, a comment and a grant': [
    `alter table "Neu.Schema".child add column news text; comment on table "Neu.Schema".child is 'x'; grant select on "Neu.Schema".child to public`,
    ['column "Neu.Schema".child.news was not there before', 'table "Neu.Schema".child differs'],
  ],
  'a trigger that comes': [
    `create trigger theirs before update on "Neu.Schema".child for each row execute function "Neu.Schema".touch()`,
    ['trigger theirs of "Neu.Schema".child was not there before'],
  ],
  'a trigger that goes': [
    `drop trigger truncated on "Neu.Schema"."order"`,
    ['trigger truncated of "Neu.Schema"."order" is gone'],
  ],
  'an index on a column that goes': [
    `alter table "Neu.Schema".parted drop column n`,
    ['index "Neu.Schema".by_n is gone', 'constraint "to order" of "Neu.Schema".parted is gone'],
  ],
  'a table outside the plan that goes': [
    `drop table "Neu.Schema"."Aussen"`,
    ['constraint "zeigt auf" of "Neu.Schema"."Aussen" is gone'],
  ],
  'another replica identity': [
    `alter table "Neu.Schema".child replica identity full; alter table "Neu.Schema"."parted eu 1" replica identity full`,
    ['replica identity of table "Neu.Schema".child differs'],
  ],
  'a publication': [`create publication beside for all tables`, []],
  'a sequence that moves': [
    `select nextval('"Neu.Schema".beside')`,
    ['position of sequence "Neu.Schema".beside differs'],
  ],
};

describe('a target that others change during a run', () => {
  let database: TestDatabase;
  let run: TestRun;
  beforeEach(async () => {
    database = await createDatabase({ prefix: 'beside' });
    await database.query(`${hostile}; create sequence "Neu.Schema".beside`);
    run = await openTestRun(database, mappings(false));
    await createDiscoveryActivities(run).fingerprintTarget({ ref: run.ref, moment: 'before' });
    await createPrepareActivities(run).prepareTarget(run.ref);
    await loadRows(database, run);
  });
  afterEach(() => database.drop());

  it.each(Object.entries(target))('%s: named, and the rest is as before', async (_, [change, named]) => {
    await database.query(change);
    const { equal, differences, notes } = await rollBack(run);
    expect({ equal, differences }).toEqual({ equal: true, differences: [] });
    for (const name of named) expect(notes).toContain(name);
    if (named.length === 0) expect(notes).toEqual([]);
    expect(await database.query('select from pg_index where not indisvalid')).toEqual([]);
    const undone = await rollBack(run);
    expect(undone).toMatchObject({ equal: true, differences: [] });
  });

  it('has its indexes back on a new partition too when the run goes on', async () => {
    await database.query(`create table "Neu.Schema".parted_us partition of "Neu.Schema".parted for values in ('ca')`);
    await finish(run);
    expect(
      await database.query(
        `select count(*)::int as n from pg_index where indrelid = '"Neu.Schema".parted_us'::regclass and indisvalid`,
      ),
    ).toEqual([{ n: 2 }]);
    expect(await rollBack(run)).toMatchObject({ equal: true, differences: [] });
  });
});

it.each([
  ['an empty table', 'null', { equal: true, differences: [] }],
  ['a table with rows', '1', 'RP7002'],
] as const)('%s that refers to one of the run is left as it is', async (_, reference, outcome) => {
  const database = await createDatabase({ prefix: 'beside' });
  try {
    await database.query(hostile);
    const run = await openTestRun(database, mappings(true));
    await createDiscoveryActivities(run).fingerprintTarget({ ref: run.ref, moment: 'before' });
    await createPrepareActivities(run).prepareTarget(run.ref);
    await loadRows(database, run);
    await database.query(`create table refers (id int primary key, c int constraint refers_c references "Neu.Schema".child (id));
      insert into refers values (1, ${reference})`);
    const ended = await rollBack(run).catch((error: unknown) => (error as { code: string }).code);
    if (typeof outcome === 'string') expect(ended).toBe(outcome);
    else expect(ended).toMatchObject(outcome);
    expect(await database.query(`select convalidated from pg_constraint where conname = 'refers_c'`)).toEqual([
      { convalidated: true },
    ]);
  } finally {
    await database.drop();
  }
});

it('leaves a sequence that other tables draw from where it stands', async () => {
  const database = await createDatabase({ prefix: 'beside' });
  try {
    await database.query(
      `${hostile}; create table "Neu.Schema".drawn (id int default nextval('"Neu.Schema".old_id_seq'))`,
    );
    const run = await openTestRun(database, mappings(false));
    await createDiscoveryActivities(run).fingerprintTarget({ ref: run.ref, moment: 'before' });
    await createPrepareActivities(run).prepareTarget(run.ref);
    await loadRows(database, run);
    await database.query('insert into "Neu.Schema".drawn default values');
    expect(await rollBack(run)).toMatchObject({ equal: true });
    expect(await database.query(`select nextval('"Neu.Schema".old_id_seq')::int as n`)).toEqual([{ n: 78 }]);
  } finally {
    await database.drop();
  }
});
