import { createCopyActivities } from '../../../activities/copy';
import { openDiscovery, type DiscoveryRun } from './discovery-run';
import { createFinishActivities } from '../../../activities/finish';

let run: DiscoveryRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

test('Row rules of the target are counted exactly through the transforms of the plan', async () => {
  run = await openDiscovery({
    source: `create table a (id int primary key, name text, code text, amount text, kind text, born text);
      insert into a values (1, 'fits', 'x', '1.25', 'Red ', '2020-02-29'), (2, null, 'x', '1.255', 'blue', '2021-02-29'),
        (3, '   ', 'x', '123456.00', 'green', null), (4, 'far too long', 'x', 'one', null, '2020-01-01'),
        (5, ' fits ', 'x', '99.99', 'red', '01/02/2020')`,
    target: `create type kind as enum ('red', 'blue');
      create table b (id int primary key, name varchar(5) not null, code text, amount numeric(4,2), kind kind, born date)`,
    plan: `tables:
  public.b:
    from: public.a
    columns:
      id: id
      name: { from: name, steps: [trim, { null_if: [""] }] }
      code: code
      amount: amount
      kind: { from: kind, steps: [trim, lower] }
      born: { from: born, steps: [{ parse_date: [YYYY-MM-DD] }] }
`,
  });
  expect(await run.discover()).toEqual({
    'b.name.not_null': 2,
    'b.name.too_long': 1,
    'b.amount.scale': 1,
    'b.amount.precision': 1,
    'b.amount.cast_number': 1,
    'b.kind.enum': 1,
    'b.born.bad_date': 2,
  });
  expect(await run.target.query('select total::int, out_of_scope::int, rejected::int from rowproof.profile')).toEqual([
    { total: 5, out_of_scope: 0, rejected: 4 },
  ]);
});

test('Statistics of a column count nulls, blanks, padding and letters beyond ASCII, and hold no value', async () => {
  run = await openDiscovery({
    source: `create table a (id int primary key, name text);
      insert into a values (1, null), (2, ''), (3, '  '), (4, ' secret'), (5, 'é')`,
    target: 'create table b (id int primary key, name text)',
    plan: 'settings: { profile: full }\ntables: { public.b: { from: public.a, columns: { id: id, name: name } } }\n',
  });
  await run.discover();
  const [{ columns }] = (await run.target.query<{ columns: unknown[] }>('select columns from rowproof.profile')) as [
    { columns: unknown[] },
  ];
  expect(columns[1]).toEqual({
    column: 'name',
    nulls: 1,
    empty: 1,
    blank: 1,
    padded: 2,
    non_ascii: 1,
    shortest: 0,
    longest: 7,
    bytes: 11,
  });
  expect(JSON.stringify(columns)).not.toContain('secret');
});

test('A condition that is NULL for some rows is a finding, and those rows are out of scope', async () => {
  run = await openDiscovery({
    source: `create table a (id int primary key, gone boolean); insert into a values (1, true), (2, false), (3, null), (4, null)`,
    target: 'create table b (id int primary key)',
    plan: 'tables: { public.b: { from: public.a, where: not gone, ignore: [gone], columns: { id: id } } }\n',
  });
  expect(await run.discover()).toEqual({ 'b.where.scope_unknown': 2 });
  expect(await run.target.query('select out_of_scope::int as n from rowproof.profile')).toEqual([{ n: 3 }]);
});

test('A unique key is tried after the transforms, NULLs apart, and keeps the lowest source key', async () => {
  run = await openDiscovery({
    source: `create table a (id int primary key, mail text, n int);
      insert into a values (2, 'X@y', 1), (10, 'x@Y', 1), (9, ' x@y ', 2), (3, null, 1), (4, null, 1), (5, 'z', 1)`,
    target: `create table b (id int primary key, mail text, n int, unique (mail));
      create unique index partial on b (n) where mail = 'z'`,
    plan: `tables: { public.b: { from: public.a, columns: { id: id, mail: { from: mail, steps: [trim, lower] }, n: n } } }\n`,
  });
  expect(await run.discover()).toEqual({ 'b.mail.unique': 2 });
});

test('Orphans are told from children of parents that are rejected, out of scope or themselves taken away', async () => {
  run = await openDiscovery({
    source: `create table p (id int primary key, state text, up int);
      insert into p values (1, 'ok', null), (2, 'bad', null), (3, 'ok', 2), (4, 'ok', 3), (5, 'out', null), (6, 'ok', 5), (7, 'ok', 99);
      create table c (id int primary key, p int);
      insert into c values (1, 1), (2, 4), (3, 6), (4, 98), (5, null), (6, 7)`,
    target: `create table p (id int primary key, state text, up int references p);
      create table c (id int primary key, p int references p)`,
    plan: `tables:
  public.p:
    from: public.p
    where: state <> 'out'
    columns: { id: id, state: { from: state, steps: [{ map: { ok: fine } }] }, up: { from: up } }
  public.c: { from: public.c, columns: { id: id, p: { from: p } } }
`,
  });
  expect(await run.discover()).toEqual({
    'p.state.unknown_value': 1,
    'p.up.parent_quarantined': 2,
    'p.up.parent_out_of_scope': 1,
    'p.up.orphan': 1,
    'c.p.orphan': 1,
    'c.p.parent_quarantined': 2,
    'c.p.parent_out_of_scope': 1,
  });
});

test('A reference to a table outside the plan is tried against its rows', async () => {
  run = await openDiscovery({
    source: `create table a (id int primary key, country text); insert into a values (1, 'DE'), (2, 'XX'), (3, null)`,
    target: `create table country (code text primary key); insert into country values ('DE');
      create table b (id int primary key, country text references country)`,
    plan: 'tables: { public.b: { from: public.a, columns: { id: id, country: country } } }\n',
  });
  expect(await run.discover()).toEqual({ 'b.country.orphan': 1 });
});

test('A CHECK of the target is tried with the target’s own expression, and UNKNOWN passes as it would', async () => {
  run = await openDiscovery({
    source: `create table a (id int primary key, v text); insert into a values (1, '5'), (2, '-5'), (3, null), (4, '0')`,
    target: `create function positive(int) returns boolean immutable language sql return $1 > 0;
      create table b (id int primary key, v int constraint "odd name" check (public.positive(v)))`,
    plan: 'tables: { public.b: { from: public.a, columns: { id: id, v: v } } }\n',
  });
  expect(await run.discover()).toEqual({ 'b.odd name.check': 2 });
});

test('A trigger of the user on the target asks whether it fires; one that is disabled does not', async () => {
  run = await openDiscovery({
    source: 'create table a (id int primary key)',
    target: `create table b (id int primary key);
      create function f() returns trigger language plpgsql as 'begin return new; end';
      create trigger on_b before insert on b for each row execute function f();
      create trigger off_b before insert on b for each row execute function f();
      alter table b disable trigger off_b`,
    plan: 'tables: { public.b: { from: public.a, columns: { id: id } } }\n',
  });
  expect(await run.discover()).toEqual({ 'b.on_b.trigger': 0 });
  const [finding] = await run.activities.undecidedFindings(run.ref);
  expect(finding).toMatchObject({ id: 'b.on_b.trigger', choices: ['disable', 'fire', 'stop'] });
});

test('Discovery leaves nothing on the target but the ledger', async () => {
  run = await openDiscovery({
    source: 'create table a (id int primary key, v text); insert into a select g, g from generate_series(1, 50) g',
    target: 'create table b (id int primary key, v text unique)',
    plan: 'tables: { public.b: { from: public.a, columns: { id: id, v: v } } }\n',
  });
  expect(await run.discover()).toEqual({});
  expect(await run.target.query('select count(*)::int n from b')).toEqual([{ n: 0 }]);
  const schemas = await run.target.query(
    "select distinct nspname from pg_class c join pg_namespace n on n.oid = relnamespace where relkind = 'r' and nspname !~ '^(pg_catalog|information_schema)' order by 1",
  );
  expect(schemas).toEqual([{ nspname: 'public' }, { nspname: 'rowproof' }]);
});

describe('Decisions', () => {
  const dirty = {
    source: `create table a (id int primary key, v text); insert into a select g, case when g <= 3 then 'x' else g::text end from generate_series(1, 100) g`,
    target: 'create table b (id int primary key, v int)',
  };
  const plan = (decisions: string, limit = '50%'): string => `defaults: { max_bad_rows: ${limit} }
tables: { public.b: { from: public.a, columns: { id: id, v: v } } }
${decisions}`;
  const decided = (rest: string): string => `decisions: { b.v.cast_integer: { ${rest}, because: known, by: ana } }\n`;

  test('A finding without a decision holds the run, and an operator’s decision lets it go', async () => {
    run = await openDiscovery({ ...dirty, plan: plan('') });
    await run.discover();
    expect(await run.activities.undecidedFindings(run.ref)).toMatchObject([{ id: 'b.v.cast_integer', rows: 3 }]);
    const message = { finding: 'b.v.cast_integer', do: 'quarantine', by: 'ben', reason: 'fine' } as const;
    // whose answer was lost
    for (const command of ['one', 'one']) await run.activities.decide({ ref: run.ref, message, command });
    expect(await run.activities.undecidedFindings(run.ref)).toEqual([]);
    expect(await run.target.query("select body->>'by' as by from rowproof.event where kind = 'decided'")).toEqual([
      { by: 'ben' },
    ]);
  });

  test('A decision of the plan whose expected count is not there does not count', async () => {
    run = await openDiscovery({ ...dirty, plan: plan(decided('do: quarantine, expect: { rows: 1, tolerance: 1 }')) });
    await run.discover();
    const [finding] = await run.activities.undecidedFindings(run.ref);
    expect(finding?.sentence).toContain('The plan expected 1 ± 1 rows, 3 are seen.');
  });

  test('A decision to stop keeps the run where it is, and another decision lets it go on', async () => {
    run = await openDiscovery({ ...dirty, plan: plan(decided('do: stop')) });
    await run.discover();
    const [finding] = await run.activities.undecidedFindings(run.ref);
    expect(finding?.sentence).toMatch(/decision is to stop here: decide differently/);
    await run.activities.decide({
      ref: run.ref,
      message: { finding: 'b.v.cast_integer', do: 'quarantine', by: 'ben', reason: 'fine' },
    });
    expect(await run.activities.undecidedFindings(run.ref)).toEqual([]);
  });

  test('More bad rows than the limit wait before the copy until somebody expects them by number', async () => {
    run = await openDiscovery({ ...dirty, plan: plan(decided('do: quarantine'), '1%') });
    await run.discover();
    const [finding] = await run.activities.undecidedFindings(run.ref);
    expect(finding?.sentence).toMatch(/3 bad rows of b .*max_bad_rows allows 1: decide it with .*which is 3 now\.$/);
    const message = { finding: 'b.v.cast_integer', do: 'quarantine' as const, by: 'ben', reason: 'fine' };
    const without = await run.activities.decide({ ref: run.ref, message });
    expect(without.missing).toMatch(/^b\.v\.cast_integer: 3 rows are not a whole number\. .*which is 3 now\.$/);
    expect(await run.target.query('select 1 from rowproof.decision')).toEqual([]);
    expect(await run.activities.decide({ ref: run.ref, message: { ...message, expect: { rows: 3 } } })).toEqual({
      missing: null,
    });
    expect(await run.activities.undecidedFindings(run.ref)).toEqual([]);
    await run.drop();
    run = await openDiscovery({ ...dirty, plan: plan(decided('do: quarantine, expect: { rows: 3 }'), '1%') });
    await run.discover();
    expect(await run.activities.undecidedFindings(run.ref)).toEqual([]);
  });

  test('Two findings that are each within the limit wait where both together are not, and one number is enough', async () => {
    run = await openDiscovery({
      source: `create table a (id int primary key, v text, w text);
        insert into a select g, case when g <= 2 then 'x' else '1' end, case when g in (5, 6) then 'x' else '1' end from generate_series(1, 100) g`,
      target: 'create table b (id int primary key, v int, w int)',
      plan: `defaults: { max_bad_rows: 3% }
tables: { public.b: { from: public.a, columns: { id: id, v: v, w: w } } }
`,
    });
    await run.discover();
    const who = { do: 'quarantine' as const, by: 'ben', reason: 'fine' };
    expect(await run.activities.decide({ ref: run.ref, message: { finding: 'b.v.cast_integer', ...who } })).toEqual({
      missing: null,
    });
    const second = await run.activities.decide({ ref: run.ref, message: { finding: 'b.w.cast_integer', ...who } });
    expect(second.missing).toContain('4 bad rows of b would stay behind without an expected number');
    await run.activities.decide({
      ref: run.ref,
      message: { finding: 'b.w.cast_integer', expect: { rows: 2 }, ...who },
    });
    expect(await run.activities.undecidedFindings(run.ref)).toEqual([]);
  });

  test('A pattern of the plan is expected with the rows of all that it covers, and a pattern of an operator decides each of them', async () => {
    const both = {
      source: `create table a (id int primary key, v text, w text);
        insert into a select g, case when g <= 2 then 'x' else '1' end, case when g = 5 then 'x' else '1' end from generate_series(1, 100) g`,
      target: 'create table b (id int primary key, v int, w int)',
    };
    const wild = (decisions: string): string =>
      `defaults: { max_bad_rows: 0 }\ntables: { public.b: { from: public.a, columns: { id: id, v: v, w: w } } }\n${decisions}`;
    run = await openDiscovery({
      ...both,
      plan: wild('decisions: { "b.*": { do: quarantine, expect: { rows: 3 }, because: known, by: ana } }\n'),
    });
    await run.discover();
    expect(await run.activities.undecidedFindings(run.ref)).toEqual([]);
    await run.drop();
    run = await openDiscovery({ ...both, plan: wild('') });
    await run.discover();
    const open = (await run.activities.undecidedFindings(run.ref)).map(({ id }) => id);
    const message = { finding: '*.cast_integer', do: 'quarantine' as const, by: 'ben', reason: 'fine' };
    await run.activities.decide({ ref: run.ref, message: { ...message, expect: { rows: 3 } }, findings: open });
    expect(await run.activities.undecidedFindings(run.ref)).toEqual([]);
    expect(await run.target.query('select finding, expect_rows::int from rowproof.decision order by 1')).toEqual([
      { finding: 'b.v.cast_integer', expect_rows: 2 },
      { finding: 'b.w.cast_integer', expect_rows: 1 },
    ]);
  });
});

test('A declared key that is NULL or repeated is refused with its counts', async () => {
  run = await openDiscovery({
    source: 'create table a (id int not null, v text); insert into a values (1, null), (1, null), (2, null)',
    target: 'create table b (id int, v text, primary key (id))',
    plan: 'tables: { public.b: { from: public.a, key: [id], columns: { id: id, v: v } } }\n',
  });
  await expect(run.discover()).rejects.toMatchObject({ code: 'RP4302' });
});

test('A column that was retyped after the run was opened stops it by name', async () => {
  run = await openDiscovery({
    source: 'create table a (id int primary key, v text)',
    target: 'create table b (id int primary key, v text)',
    plan: 'tables: { public.b: { from: public.a, columns: { id: id, v: v } } }\n',
  });
  await run.source.query('alter table a alter v type int using v::int');
  await expect(run.discover()).rejects.toMatchObject({ code: 'RP4301' });
});

test('A column of a domain is what it was compiled for', async () => {
  run = await openDiscovery({
    source: `create domain positive as integer check (value > 0);
      create table a (id int primary key, v positive); insert into a values (1, 2)`,
    target: 'create table b (id int primary key, v int)',
    plan: 'tables: { public.b: { from: public.a, columns: { id: id, v: v } } }\n',
  });
  await expect(run.discover()).resolves.toEqual({});
});

test('A row with two problems counts once against the limit', async () => {
  run = await openDiscovery({
    source: `create table a (id int primary key, x text, y text);
      insert into a select g, case when g = 1 then 'bad' else '1' end, case when g = 1 then 'bad' else '1' end from generate_series(1, 100) g`,
    target: 'create table b (id int primary key, x int, y int)',
    plan: `tables: { public.b: { from: public.a, max_bad_rows: 1%, columns: { id: id, x: x, y: y } } }
decisions: { "b.*": { do: quarantine, because: typos, by: ana } }
`,
  });
  expect(await run.discover()).toEqual({ 'b.x.cast_integer': 1, 'b.y.cast_integer': 1 });
  expect(await run.activities.undecidedFindings(run.ref)).toEqual([]);
  await run.source.query(`update a set x = 'bad' where id = 2`);
  await run.discover();
  const open = await run.activities.undecidedFindings(run.ref);
  expect(open.map(({ sentence }) => sentence).join()).toContain('2 bad rows of b would stay behind');
});

test('A table of three hundred columns is profiled, column by column', async () => {
  const names = Array.from({ length: 300 }, (_, at) => `c${at}`);
  const columns = names.map((name) => `${name} text`).join(', ');
  run = await openDiscovery({
    source: `create table a (id int primary key, ${columns}); insert into a (id, c299) values (1, ' x'), (2, null)`,
    target: `create table b (id int primary key, ${columns})`,
    plan: `settings: { profile: full }\ntables: { public.b: { from: public.a, columns: { id: id, ${names.map((name) => `${name}: ${name}`).join(', ')} } } }\n`,
  });
  await run.discover();
  const [profile] = await run.target.query<{ columns: unknown[] }>('select columns from rowproof.profile');
  expect(profile?.columns).toHaveLength(301);
  expect(profile?.columns[300]).toMatchObject({ column: 'c299', nulls: 1, padded: 1, longest: 2, bytes: 2 });
});

test('SQL of the plan that raises for one row costs that row alone, from discovery to quarantine', async () => {
  run = await openDiscovery({
    source: 'create table a (id int primary key); insert into a select generate_series(1, 5)',
    target: 'create table a (id int primary key, ratio smallint not null check (ratio > 0))',
    plan: `tables:
  public.a: { from: public.a, columns: { id: id, ratio: { sql: "1/(case when id=3 then 0 else 1 end)" } } }
`,
  });
  const found = await run.discover();
  const [[id, rows]] = Object.entries(found) as [[string, number]];
  expect(rows).toBe(1);
  expect(await run.activities.undecidedFindings(run.ref)).toMatchObject([{ id, rows: 1 }]);
  const copy = createCopyActivities({ databases: run.databases, signal: () => undefined, heartbeat: () => undefined });
  await copy.planBatches({ ref: run.ref, mapping: 'a' });
  expect(await copy.copyBatch({ ref: run.ref, mapping: 'a', ordinal: 0 })).toMatchObject({
    migrated: 4,
    quarantined: 1,
  });
  expect(await run.target.query('select source_key, finding, sqlstate from rowproof.quarantine')).toEqual([
    { source_key: '["3"]', finding: id, sqlstate: '22012' },
  ]);
  const finish = createFinishActivities({ databases: run.databases });
  expect(await finish.undecidedQuarantine(run.ref)).toMatchObject([{ id, rows: 1 }]);
});

test('Small tables are counted by one activity, each with findings of its own', async () => {
  const table = (name: string, type: string): string => `create table ${name} (id int primary key, v ${type})`;
  run = await openDiscovery({
    source: `${['a', 'b', 'c'].map((name) => table(name, 'text')).join('; ')}; insert into a values (1, 'x'); insert into c values (1, 'x'), (2, 'y'), (3, '1')`,
    target: ['a', 'b', 'c'].map((name) => table(name, 'int')).join('; '),
    plan: 'tables: { "public.*": { from: "public.*", columns: "*" } }\n',
  });
  const { together } = await run.activities.recordCatalogs(run.ref);
  expect(together).toEqual([['a', 'b', 'c']]);
  expect(await run.activities.profileMappings({ ref: run.ref, mappings: ['a', 'b', 'c'] })).toEqual({
    rows: 4,
    findings: 2,
  });
  expect(await run.target.query('select id, rows::int from rowproof.finding order by 1')).toEqual([
    { id: 'a.v.cast_integer', rows: 1 },
    { id: 'c.v.cast_integer', rows: 2 },
  ]);
  expect(await run.target.query('select mapping, total::int from rowproof.profile order by 1')).toEqual([
    { mapping: 'a', total: 1 },
    { mapping: 'b', total: 0 },
    { mapping: 'c', total: 3 },
  ]);
});
