import { openFollowedRun } from './delta/followed-run';
import { openWholeRun, type WholeRun } from './copy/whole-run';

jest.setTimeout(120_000);

let run: WholeRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const fire = { do: 'fire' as const, expect: null, because: 'audited', by: 'ana' };

/** Everything of a table that may call a function; each of the functions names something without its schema. */
const callers = (schema: string): string => `
  create table ${schema}.audit (id serial primary key, note_of int);
  create table ${schema}.allowed (word text primary key);
  insert into ${schema}.allowed select 'v' || g from generate_series(1, 40) g;
  create function ${schema}.short(t text) returns text language sql immutable as 'select left(t, 100)';
  create function ${schema}.is_allowed(t text) returns boolean language plpgsql stable as
    'begin return exists (select from allowed where word = t); end';
  create function ${schema}.shortened(t text) returns text language plpgsql immutable as 'begin return short(t); end';
  create function ${schema}.next_note() returns bigint language plpgsql as
    $$begin return (select coalesce(max(id), 0) + 7 from audit); end$$;
  create function ${schema}.note() returns trigger language plpgsql as
    'begin insert into audit (note_of) values (new.id); return new; end';
  create domain ${schema}.word as text check (${schema}.is_allowed(value));
  create table ${schema}.t (
    id int primary key, c text check (${schema}.is_allowed(c)), d ${schema}.word,
    n bigint default ${schema}.next_note(), g text generated always as (${schema}.shortened(c)) stored);
  create unique index once on ${schema}.t (${schema}.shortened(c), id);
  create index also on ${schema}.t (${schema}.shortened(d));
  create trigger note after insert or update on ${schema}.t for each row execute function ${schema}.note();
  create materialized view ${schema}.seen as select id, ${schema}.shortened(c) as c from ${schema}.t;`;

const source = `create table t (id int primary key, c text, d text);
  insert into t select g, 'v' || g, 'v' || g from generate_series(1, 20) g`;
const columns = [{ target: 'id' }, { target: 'c' }, { target: 'd' }];

async function completed(whole: WholeRun): Promise<void> {
  await whole.discover();
  await whole.prepare();
  await whole.copyAll();
  await whole.finish();
  expect((await whole.prove()).problems).toEqual([]);
}

test('Functions of the target that name tables and functions without a schema find them as the application does', async () => {
  run = await openWholeRun({
    source,
    target: callers('public'),
    mappings: [{ name: 't', columns }],
    decisions: [{ finding: 't.note.trigger', ...fire }],
  });
  await completed(run);
  expect(
    await run.target.query(
      `select (select count(*) from t)::int as rows, (select count(*) from audit)::int as notes,
        (select count(*) from seen)::int as seen, (select count(*) from rowproof.finding where kind = 'untried')::int as untried`,
    ),
    // the CHECK whose function reads a table is set aside for the load
  ).toEqual([{ rows: 20, notes: 20, seen: 20, untried: 1 }]);
});

test('The path that the database gives its sessions counts, and beside it the path that the plan states', async () => {
  for (const stated of [false, true]) {
    run = await openWholeRun({
      source,
      target: `create schema app; ${callers('app')}
        ${stated ? '' : `do $$begin execute format('alter database %I set search_path = app', current_database()); end$$`}`,
      mappings: [{ name: 't', target: { schema: 'app', name: 't' }, columns }],
      decisions: [{ finding: 't.note.trigger', ...fire }],
      ...(stated ? { searchPath: ['app'] } : {}),
    });
    await completed(run);
    expect(await run.target.query('select count(*)::int as notes from app.audit')).toEqual([{ notes: 20 }]);
    await run.drop();
    run = undefined;
  }
});

test('What the application puts before pg_catalog is not what the statements of the run find', async () => {
  run = await openWholeRun({
    source: `create table t (id int primary key, c text);
      insert into t select g, case when g = 3 then 'too long' else 'v' end from generate_series(1, 20) g`,
    target: `create table t (id int primary key, c varchar(3));
      create function trap(a bigint, b bigint) returns boolean language plpgsql as 'begin raise exception ''trapped''; end';
      create operator >= (leftarg = bigint, rightarg = bigint, function = trap);
      create operator < (leftarg = bigint, rightarg = bigint, function = trap);
      create aggregate count(*) (sfunc = int8inc, stype = bigint, initcond = '1000');
      do $$begin execute format('alter database %I set search_path = public, pg_catalog', current_database()); end$$`,
    mappings: [{ name: 't', columns: [{ target: 'id' }, { target: 'c' }] }],
  });
  await run.discover();
  await run.prepare();
  await run.copyAll();
  await run.finish();
  expect((await run.prove()).reconciliation).toMatchObject([{ migrated: 19, quarantined: 1, unexplained: 0 }]);
});

test('Rounds that follow the source fire the triggers of the target on the path of the application', async () => {
  const followed = await openFollowedRun({
    source,
    target: callers('public'),
    mappings: [{ name: 't', columns }],
    decisions: [{ finding: 't.note.trigger', ...fire }],
  });
  try {
    await followed.source.query(
      `update t set c = 'v30' where id = 5; delete from t where id = 6; insert into t values (40, 'v40', 'v40')`,
    );
    await followed.catchUp();
    expect(await followed.target.query('select id, c, g from t where id in (5, 6, 40) order by id')).toEqual([
      { id: 5, c: 'v30', g: 'v30' },
      { id: 40, c: 'v40', g: 'v40' },
    ]);
    expect(await followed.target.query('select count(*)::int as n from audit where note_of in (5, 40)')).toEqual([
      { n: 3 },
    ]);
  } finally {
    await followed.drop();
  }
});
