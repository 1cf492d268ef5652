import type { RowproofError } from '../../src/errors/rowproof-error';
import { createDatabase, type TestDatabase } from '../support/postgres/postgres';
import { finish, rollBack } from './rollback-fixture';
import { mappingOf, openTestRun } from './settle-fixture';
import { createFinishActivities } from '../../activities/finish';
import { createDiscoveryActivities } from '../../activities/discovery';
import { createPrepareActivities } from '../../activities/prepare';
import { changeTarget } from '../../src/postgres/queries/schema-change/settings';
import { sessionOn } from '../support/postgres/session';

const t = (name: string) => ({ schema: 's', name });

describe('preparing a target', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createDatabase({ prefix: 'prepare' });
  });
  afterEach(() => database.drop());

  it('fires or disables each trigger as its decision says, and restores all', async () => {
    await database.query(`create schema s; create table s.t (id int primary key, v text);
      create function s.f() returns trigger language plpgsql as 'begin new.v := tg_name; return new; end';
      create trigger "a ""one""" before insert on s.t for each row execute function s.f();
      create trigger two before insert on s.t for each row execute function s.f();
      create trigger three before insert on s.t for each row execute function s.f();
      alter table s.t disable trigger three`);
    const decision = { do: 'fire' as const, expect: null, because: 'wanted', by: 'ana' };
    const run = await openTestRun(database, [mappingOf({ name: 't', target: t('t'), targetKey: ['id'] })], {
      decisions: [{ ...decision, finding: 't.a "*.trigger' }],
    });
    await createPrepareActivities(run).prepareTarget(run.ref);
    const enabled = () =>
      database.query(
        `select tgname, tgenabled from pg_trigger where tgrelid = 's.t'::regclass and not tgisinternal order by 1`,
      );
    expect(await enabled()).toEqual([
      { tgname: 'a "one"', tgenabled: 'O' },
      { tgname: 'three', tgenabled: 'D' },
      { tgname: 'two', tgenabled: 'D' },
    ]);
    await createFinishActivities(run).restoreTriggers(run.ref);
    expect((await enabled()).map((row) => row['tgenabled'])).toEqual(['O', 'D', 'O']);
  });

  it('does not begin where a table is gone, and says what the role may not do', async () => {
    await database.query(
      `create schema s; create table s.t (id int primary key); create table s.u (id int primary key)`,
    );
    const of = (name: string) => mappingOf({ name, target: t(name), targetKey: ['id'] });
    const run = await openTestRun(database, [of('t'), of('u')]);
    await database.query('drop table s.u');
    await expect(createPrepareActivities(run).prepareTarget(run.ref)).rejects.toMatchObject({
      problems: [expect.objectContaining({ code: 'RP5105', where: { object: '"s"."u"' } })],
    });
    expect(await database.query('select count(*)::int as n from rowproof.step')).toEqual([{ n: 0 }]);
    const role = `${database.name}_role`;
    await database.query(
      `create role ${role} login password 'pw'; grant usage on schema rowproof to ${role}; grant all on all tables in schema rowproof to ${role}`,
    );
    const poor = await sessionOn(database.url.replace(/\/\/[^@]*@/, `//${role}:pw@`));
    try {
      await expect(
        changeTarget(poor, run.ref.run, { object: '"s"."t"' }, () => poor.query('alter table s.t add v text')),
      ).rejects.toMatchObject({ code: 'RP5103' });
    } finally {
      await poor.close();
      await database.query(`drop owned by ${role}; drop role ${role}`);
    }
  });

  it('says by name which unique rule and which foreign key rows break, and builds them once none does', async () => {
    await database.query(`create schema s; create table s.p (id int primary key, v text unique);
      create table s.c (id int primary key, p int references s.p (id))`);
    const of = (name: string) => mappingOf({ name, target: t(name), targetKey: ['id'] });
    const run = await openTestRun(database, [of('p'), of('c')]);
    await createPrepareActivities(run).prepareTarget(run.ref);
    await database.query(`insert into s.p values (1, 'x'), (2, 'x'); insert into s.c values (1, 9)`);
    const finishing = createFinishActivities(run);
    await expect(finishing.rebuildIndexes(run.ref)).rejects.toMatchObject({ code: 'RP5110' });
    await database.query(`update s.p set v = 'y' where id = 2`);
    await finishing.rebuildIndexes(run.ref);
    await expect(finishing.rebuildForeignKeys(run.ref)).rejects.toMatchObject({ code: 'RP5111' });
    await database.query('update s.c set p = 2');
    await finishing.rebuildForeignKeys(run.ref);
    expect(
      await database.query(
        `select conname, convalidated from pg_constraint where conrelid in ('s.p'::regclass, 's.c'::regclass) and contype in ('u', 'f') order by 1`,
      ),
    ).toEqual([
      { conname: 'c_p_fkey', convalidated: true },
      { conname: 'p_v_key', convalidated: true },
    ]);
  });

  it('keeps indexes that cannot go or could not come back, and says why', async () => {
    await database.query(`create schema s;
      create table s.t (id int primary key, a int, b int, constraint grouped unique (a), constraint t_b_excl exclude using gist (int4range(b, b + 1) with &&));
      alter table s.t alter a set not null; create index dropped on s.t (b);
      create rule once as on insert to s.t where new.id < 0 do instead insert into s.t values (new.id, 0, 0) on conflict on constraint grouped do nothing;
      create index broken on s.t (a, b); update pg_index set indisvalid = false where indexrelid = 's.broken'::regclass`);
    const run = await openTestRun(database, [mappingOf({ name: 't', target: t('t'), targetKey: ['id'] })]);
    await createPrepareActivities(run).prepareTarget(run.ref);
    const left = await database.query(
      `select indexrelid::regclass::text as i from pg_index where indrelid = 's.t'::regclass order by 1`,
    );
    expect(left).toEqual([{ i: 's.broken' }, { i: 's.grouped' }, { i: 's.t_b_excl' }, { i: 's.t_pkey' }]);
    const [step] = await database.query<{ kept: { index: { name: string }; why: string }[] }>(
      `select detail -> 'kept' as kept from rowproof.step where kind = 'rows'`,
    );
    expect(Object.fromEntries(step?.kept.map((one) => [one.index.name, one.why]) ?? [])).toEqual({
      broken: 'it is not valid, and could not be restored as it is',
      grouped: 'something other than a foreign key depends on it',
      t_b_excl: 'an exclusion constraint is checked row by row',
      t_pkey: 'it is the primary key, and two source rows never share one',
    });
  });

  it('lets rows of a published table be taken away while its replica identity is gone', async () => {
    await database.query(`create schema s; create schema src; create table s.t (id int primary key, u int not null, constraint u unique (u)); create publication p for table s.t;
      create table s.n (id int not null, u int, constraint ident unique (id)); alter table s.n replica identity using index ident; alter publication p add table s.n;
      create table src.t as select g as k, g as id, g % 3 as u from generate_series(1, 9) g`);
    const mappings = [
      mappingOf({
        name: 't',
        target: t('t'),
        from: { schema: 'src', name: 't' },
        targetKey: ['id'],
        columns: ['id', 'u'],
        more: { targetKeyInjective: false },
      }),
      mappingOf({
        name: 'n',
        target: t('n'),
        from: { schema: 'src', name: 't' },
        targetKey: ['id'],
        columns: ['id', 'u'],
        more: { targetKeyInjective: false },
      }),
    ];
    const run = await openTestRun(database, mappings);
    await createDiscoveryActivities(run).fingerprintTarget({ ref: run.ref, moment: 'before' });
    await createPrepareActivities(run).prepareTarget(run.ref);
    await database.query('insert into s.t select id, u from src.t; insert into s.n select id, u from src.t');
    await run.receipt('t', t('t'));
    await run.receipt('n', t('n'));
    expect(await createFinishActivities(run).settle(run.ref)).toMatchObject({ adjusted: 6, rounds: 1 });
    expect(await database.query('select id from s.t order by id')).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
    await finish(run);
    const undecided = await createFinishActivities(run).undecidedQuarantine(run.ref);
    expect(undecided).toMatchObject([{ id: 't.u.unique', kind: 'duplicate', rows: 6, decided: null }]);
    expect(await rollBack(run)).toEqual({ equal: true, differences: [], notes: [] });
  });

  it('brings replaced rows back, with a table outside that refers to them', async () => {
    await database.query(`create schema s; create table s.t (id int generated always as identity primary key, v text, g text generated always as (v || '!') stored);
      create table s.outside (t int references s.t (id)); insert into s.t (v) values ('a'), (null), (e'tab\\t'); insert into s.outside values (2), (3)`);
    const run = await openTestRun(database, [
      mappingOf({ name: 't', target: t('t'), targetKey: ['id'], more: { whenNotEmpty: 'replace' } }),
    ]);
    await createDiscoveryActivities(run).fingerprintTarget({ ref: run.ref, moment: 'before' });
    await createPrepareActivities(run).prepareTarget(run.ref);
    expect(await database.query('select * from s.t')).toEqual([]);
    await database.query(`insert into s.t (v) values ('new')`);
    await run.receipt('t', t('t'));
    // rows of others may point to rows that the run replaced: that is for people to decide
    await createFinishActivities(run).rebuildIndexes(run.ref);
    await createFinishActivities(run).rebuildForeignKeys(run.ref);
    expect(await database.query(`select convalidated from pg_constraint where conname = 'outside_t_fkey'`)).toEqual([
      { convalidated: false },
    ]);
    expect(await rollBack(run)).toEqual({ equal: true, differences: [], notes: [] });
    expect(await database.query('select v from s.t order by id')).toEqual([{ v: 'a' }, { v: null }, { v: 'tab\t' }]);
    expect(
      await database.query(
        `select count(*)::int as n from pg_tables where schemaname = 'rowproof' and tablename like 'saved%'`,
      ),
    ).toEqual([{ n: 0 }]);
  });

  it('needs no more than a role that owns the tables, and names what that role may not change', async () => {
    const role = database.name;
    await database.query(`create role ${role} login password 'x'; grant create on database ${role} to ${role}; create schema s authorization ${role};
      set role ${role}; create table s.t (id int primary key, v text); create index v on s.t (v); create materialized view s.m as select * from s.t;
      create sequence s.q owned by s.t.id; reset role; create table s.foreign_owner (t int references s.t (id))`);
    const url = new URL(database.url);
    url.username = role;
    url.password = 'x';
    const mappings = [mappingOf({ name: 't', target: t('t'), targetKey: ['id'] })];
    try {
      const run = await openTestRun(database, mappings, { targetUrl: url.toString() });
      await createDiscoveryActivities(run).fingerprintTarget({ ref: run.ref, moment: 'before' });
      const error = await createPrepareActivities(run)
        .prepareTarget(run.ref)
        .catch((caught: unknown) => caught);
      expect((error as RowproofError).problems[0]).toMatchObject({
        code: 'RP5120',
        where: { object: 'Foreign key foreign_owner_t_fkey of s.foreign_owner' },
      });
      expect(await database.query(`select from pg_constraint where conname = 'foreign_owner_t_fkey'`)).toHaveLength(1);
      await database.query(`alter table s.foreign_owner owner to ${role}`);
      await createPrepareActivities(run).prepareTarget(run.ref);
      await database.query(`insert into s.t select g, 'v' from generate_series(1, 5) g`);
      await run.receipt('t', t('t'));
      await finish(run);
      expect(await rollBack(run)).toEqual({
        equal: true,
        differences: [],
        notes: ['rows of "s"."foreign_owner" differs', 'table s.foreign_owner differs'],
      });
    } finally {
      await database.query(`reassign owned by ${role} to current_user; drop owned by ${role}`);
      await database.query(`drop role ${role}`);
    }
  });
});
