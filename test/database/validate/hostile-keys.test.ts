import { openValidationRun, type ValidationRun } from './validation-run';

jest.setTimeout(120_000);

let run: ValidationRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const texts = `(values ('a'), ('B'), ('é'), ('É'), ('ß'), (' '), (''), ('\\N'), (E'\\t'), (E'a\\nb'), ('😀'), ('\uFFFD'), ('\uE000'), ('10'), ('9'), ('a"b'), ('a''b'), (E'a\\\\b'), ('aa'), ('ab'), ('a b'))`;

test('Keys of every order are merged: composite text with any characters, negative integers, uuid, numeric, timestamps', async () => {
  run = await openValidationRun({
    source: `
      create table words (a text, b text, n int, primary key (a, b)); insert into words select x, y, length(x) from ${texts} v(x), ${texts} w(y);
      create table whole (n bigint primary key, t text); insert into whole select g * 9007199254740993 % 9223372036854775807, g::text from generate_series(-500, 500) g;
      create table ids (id uuid primary key, t text); insert into ids select md5(g::text)::uuid, g::text from generate_series(1, 500) g;
      create table amounts (n numeric primary key, t text); insert into amounts select g * 0.1, g::text from generate_series(-500, 500) g;
      create table moments (at timestamptz primary key, f float8, i interval, j jsonb, b bytea, arr int[]);
      insert into moments select timestamptz '1999-12-31 23:00Z' + g * interval '1 hour 1 microsecond', g / 3.0, g * interval '1 month 1 hour',
        jsonb_build_object('b', g, 'a', null), decode(lpad(to_hex(g), 4, '0'), 'hex'), array[g, null] from generate_series(1, 500) g`,
    target: `
      create table words (a text collate "C", b text, n int, primary key (a, b));
      create table whole (n bigint primary key, t text);
      create table ids (id uuid primary key, t text);
      create table amounts (n numeric(8,2) primary key, t text);
      create table moments (at timestamptz primary key, f float8, i interval, j jsonb, b bytea, arr int[])`,
    mappings: [
      { name: 'words', columns: [{ target: 'a' }, { target: 'b' }, { target: 'n' }] },
      { name: 'whole', columns: [{ target: 'n' }, { target: 't' }] },
      { name: 'ids', columns: [{ target: 'id' }, { target: 't' }] },
      { name: 'amounts', columns: [{ target: 'n' }, { target: 't' }] },
      { name: 'moments', columns: ['at', 'f', 'i', 'j', 'b', 'arr'].map((target) => ({ target })) },
    ],
    settings: { proof: { sliceRows: 200, workMem: null } },
  } as never);
  const rows = { words: 441, whole: 1001, ids: 500, amounts: 1001, moments: 500 };
  for (const [mapping, count] of Object.entries(rows)) {
    expect(await run.validation.proveMapping({ ref: run.ref, mapping })).toMatchObject({
      rows: count,
      identical: count,
      missing: 0,
      mismatch: 0,
    });
  }
  await run.target.query(`
    update words set n = -1 where (a, b) = ('😀', '');
    delete from words where (a, b) = ('', '😀');
    update whole set t = '' where n = 0;
    update moments set j = '{"a": 1}' where f < 1;
    update moments set i = i + interval '1 second' where f > 166;
    insert into amounts values (0.01, 'x')`);
  expect(await run.validation.proveMapping({ ref: run.ref, mapping: 'words' })).toMatchObject({
    mismatch: 1,
    missing: 1,
    identical: 439,
  });
  expect(await run.validation.proveMapping({ ref: run.ref, mapping: 'whole' })).toMatchObject({ mismatch: 1 });
  expect(await run.validation.proveMapping({ ref: run.ref, mapping: 'amounts' })).toMatchObject({
    extraneous: 1,
    identical: 1001,
  });
  const changed = await run.target.query(`select count(*) filter (where f < 1 or f > 166)::int as n from moments`);
  expect(await run.validation.proveMapping({ ref: run.ref, mapping: 'moments' })).toMatchObject({
    mismatch: (changed[0] as { n: number }).n,
  });
});

test('Rows that only the source server could refuse are not read again, and still count once', async () => {
  run = await openValidationRun({
    source: `create table t (id int primary key, n int); insert into t select g, g % 10 from generate_series(1, 200) g`,
    target: `create table t (id int primary key, q int)`,
    mappings: [{ name: 't', columns: [{ target: 'id' }, { target: 'q', sql: '100 / n' }] }],
    decisions: [{ finding: 't.*', do: 'quarantine', expect: { rows: 20, tolerance: 0 }, because: 'zero', by: 'ana' }],
  } as never);
  expect(await run.validation.proveMapping({ ref: run.ref, mapping: 't' })).toMatchObject({
    rows: 200,
    identical: 180,
    decided: 20,
    unverifiable: 0,
  });
  expect(await run.validate()).toMatchObject({ green: true, problems: [] });
  await run.target.query('update t set q = q + 1 where id = 3');
  expect(await run.validation.proveMapping({ ref: run.ref, mapping: 't' })).toMatchObject({
    identical: 179,
    mismatch: 1,
  });
});

test('Cancelling ends the proof and its backends', async () => {
  run = await openValidationRun({
    source: `create table t (id int primary key, n text); insert into t select g, repeat('x', 2000) from generate_series(1, 20000) g`,
    target: `create table t (id int primary key, n text)`,
    mappings: [{ name: 't', columns: [{ target: 'id' }, { target: 'n' }] }],
  } as never);
  const { createValidationActivities } = await import('../../../activities/proof');
  const abort = new AbortController();
  const validation = createValidationActivities({
    databases: run.databases,
    plansFolder: null,
    signal: () => abort.signal,
    heartbeat: () => undefined,
  });
  // the target's rows come only when this lock goes away
  const blocker = await run.databases.ledger(run.ref, 'blocker');
  await blocker.query('begin; lock table public.t in access exclusive mode');
  const proof = validation.proveMapping({ ref: run.ref, mapping: 't' });
  proof.catch(() => undefined);
  const backends = `select count(*)::int as n from pg_stat_activity where application_name like 'rowproof%prove%'`;
  while (((await run.target.query<{ n: number }>(`${backends} and wait_event_type = 'Lock'`))[0]?.n ?? 0) === 0);
  abort.abort(new Error('cancelled'));
  await expect(proof).rejects.toThrow();
  while (((await run.target.query<{ n: number }>(backends))[0]?.n ?? 0) > 0);
  await blocker.close();
  expect(await run.target.query('select * from rowproof.proof')).toEqual([]);
});
