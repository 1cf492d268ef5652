import { openQuietRun, type QuietRun } from './quiet-run';

jest.setTimeout(180_000);

let run: QuietRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

async function next(sequence: string): Promise<bigint> {
  const [row] = await (run as QuietRun).target.query<{ n: string }>(`select nextval($1)::text as n`, [sequence]);
  return BigInt(row?.n ?? '');
}

const table = 'create table t (id int primary key, no text);';
const plan = 'tables:\n  public.t: { from: public.t, columns: "*" }\nsettings: { sequence_margin: 10 }\n';

test('Sequences that no number column takes its values from go on past what the source has given out', async () => {
  const sequences = `create sequence in_default; create sequence in_function; create sequence in_trigger; create sequence by_app;
    create sequence descending increment -5 start -5; create sequence stepping increment 100 start 7; create sequence great; create sequence unused start 40;
    create sequence set_back; create sequence round minvalue 1 maxvalue 50 cycle; create sequence near_end as smallint;
    create schema tools; create sequence tools.helper; create sequence tools.by_app;
    create sequence tools.theirs;
    create table tools.outside (id serial primary key, no text default nextval('tools.theirs')::text);
    create function draw() returns bigint language sql as $$ select nextval('in_function') + nextval('tools.helper') $$;
    create function number() returns trigger language plpgsql as $$ begin new.no := coalesce(new.no, nextval('in_trigger')::text); return new; end $$;
    create table t (id int primary key, no text default 'ORD-' || nextval('in_default'));
    create trigger number before insert on t for each row execute function number();`;
  run = await openQuietRun({
    source: `${sequences} insert into t values (1, 'ORD-5499');
      select setval('in_default', 5499), setval('in_function', 600), setval('in_trigger', 700), setval('by_app', 800), setval('descending', -50),
        setval('stepping', 507), setval('great', 9007199254740993), setval('set_back', 90, false), setval('round', 49), setval('near_end', 32760),
        setval('tools.helper', 33), setval('tools.by_app', 33), setval('tools.theirs', 33);`,
    target: sequences.replace('create sequence in_default', 'create sequence in_default start 5000'),
    plan: `${plan}decisions: { "t.number.trigger": { do: disable, because: copied, by: ana } }\n`,
  });
  const before = await run.rows('select schemaname, sequencename, last_value from pg_sequences');
  const verdict = await run.complete();
  expect(verdict.problems).toEqual([]);
  expect(await next('in_default')).toBe(5510n);
  expect(await next('in_function')).toBe(611n);
  expect(await next('in_trigger')).toBe(711n);
  expect(await next('by_app')).toBe(811n);
  expect(await next('descending')).toBe(-65n);
  expect(await next('stepping')).toBe(707n);
  expect(await next('great')).toBe(9007199254741004n);
  expect(await next('set_back')).toBe(100n);
  expect(await next('unused')).toBe(40n);
  expect([await next('round'), await next('round')]).toEqual([50n, 1n]);
  expect(await next('near_end')).toBe(32761n);
  expect(await next('tools.helper')).toBe(44n);
  expect(await next('tools.by_app')).toBe(44n);
  expect(await next('tools.theirs')).toBe(1n);
  await run.rollBack();
  const after = await run.rows(
    `select schemaname, sequencename, last_value from pg_sequences where schemaname = 'public' and sequencename <> 'unused'`,
  );
  expect(before).toEqual(expect.arrayContaining(after));
});

test('The sequence of another name of schema is found in the schema that the tables come from', async () => {
  run = await openQuietRun({
    source: `create schema old; create table old.t (id int primary key, no text); create sequence old.no; select setval('old.no', 70);
      create schema other; create sequence other.no; select setval('other.no', 5000);`,
    target: `create schema new; create table new.t (id int primary key, no text); create sequence new.no;`,
    plan: 'tables:\n  new.t: { from: old.t, columns: "*" }\nsettings: { sequence_margin: 10 }\n',
  });
  expect((await run.complete()).problems).toEqual([]);
  expect(await next('new.no')).toBe(81n);
});

test('What has no counterpart on the other side is named before the run and in its findings', async () => {
  run = await openQuietRun({
    source: `${table} create sequence gone; create table s (id serial primary key);`,
    target: `${table} create sequence fresh; create table s (id serial primary key);`,
    plan,
  });
  expect(await run.discover()).toEqual({ 'public.fresh.sequence': 0, 'public.gone.sequence': 0 });
  const [notes] = await run.target.query<{ n: number }>(
    `select count(*)::int as n from rowproof.finding where severity = 'note' and kind = 'sequence'`,
  );
  expect(notes).toEqual({ n: 2 });
});

test('In a schema that no mapping names it is moved where both sides have it, and named where one has', async () => {
  const drawing = (sequence: string): string =>
    `create schema app; create sequence app.${sequence}; create table t (id int primary key, no text default 'ORD-' || nextval('app.${sequence}'));`;
  run = await openQuietRun({
    source: `${drawing('s_old')} create sequence app.both; select setval('app.both', 50), setval('app.s_old', 60);
      create schema elsewhere; create sequence elsewhere.alone;`,
    target: `${drawing('s_new')} create sequence app.both; create schema hidden; create sequence hidden.alone;`,
    plan,
  });
  const names = ['app.s_new', 'app.s_old', 'elsewhere.alone', 'hidden.alone'];
  expect(await run.discover()).toEqual(Object.fromEntries(names.map((name) => [`${name}.sequence`, 0])));
  const warned = await run.warnings();
  expect(warned.filter(([code]) => code === 'RP2082').map(([, object]) => object)).toEqual([
    'target: app.s_new',
    'target: hidden.alone',
    'old: app.s_old',
    'old: elsewhere.alone',
  ]);
  expect((await run.complete()).problems).toEqual([]);
  expect([await next('app.both'), await next('app.s_new')]).toEqual([61n, 1n]);
});

test('A sequence that the role may not read on the source holds the run for a decision', async () => {
  run = await openQuietRun({
    source: `${table} create sequence hidden; create sequence seen; select setval('seen', 5);`,
    target: `${table} create sequence hidden; create sequence seen;`,
    grants: 'grant select on t, seen to ROLE',
    plan,
  });
  await run.discover();
  expect(await run.target.query('select id, severity, choices from rowproof.finding')).toEqual([
    { id: 'public.hidden.sequence', severity: 'decide', choices: ['accept', 'stop'] },
  ]);
  expect((await run.complete()).problems).toEqual([]);
  expect([await next('hidden'), await next('seen')]).toEqual([1n, 16n]);
});
