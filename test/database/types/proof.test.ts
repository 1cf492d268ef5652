import { runWhole, type WholeRun } from './whole-run';

let run: WholeRun | undefined;

afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const plan = 'tables:\n  public.t: { from: public.t, columns: "*" }\n';

/** Types whose target rounds or cuts: a value that it cannot hold, and what it makes of it. */
const rounding = [
  { type: 'interval', into: 'interval(0)', value: '1.6 seconds' },
  { type: 'interval', into: 'interval day', value: '1 day 02:00:00' },
  { type: 'text', into: 'interval(0)', value: '1.6 seconds' },
  { type: 'timetz', into: 'timetz(0)', value: '23:59:59.9+00' },
  { type: 'numeric', into: 'numeric(4,1)', value: '1.66' },
  { type: 'numeric[]', into: 'numeric(4,1)[]', value: '{1.66}' },
  { type: 'text', into: 'numeric(4,1)[]', value: '{1.66}' },
  { type: 'varchar[]', into: 'varchar(3)[]', value: '{"abc   "}' },
];

test('The proof sees a rounded value even where the copy would have written it', async () => {
  run = await runWhole({
    source: rounding
      .map(
        ({ type, value }, n) =>
          `create table t${n} (id int primary key, c ${type}); insert into t${n} values (1, '${value}'), (2, null)`,
      )
      .join('; '),
    target: rounding.map(({ into }, n) => `create table t${n} (id int primary key, c ${into})`).join('; '),
    plan: `tables:\n${rounding.map((_, n) => `  public.t${n}: { from: public.t${n}, columns: "*" }`).join('\n')}\n`,
  });
  expect(Object.values(run.found)).toEqual(rounding.map(() => 1));
  expect(run.filed).toEqual(run.found);
  expect(await run.prove()).toMatchObject({ green: true });
  // as if the copy had written the rows, and had never noticed
  const plant = rounding.map(({ into, value }, n) => `insert into t${n} values (1, '${value}'::text::${into})`);
  await run.target.query(`${plant.join('; ')}; delete from rowproof.quarantined;
    update rowproof.batch set migrated = migrated + 1, quarantined = quarantined - 1`);
  expect(await run.prove()).toMatchObject({ green: false });
  expect(
    await run.target.query(
      `select distinct mapping, column_name from rowproof.difference where class = 'mismatch' order by mapping`,
    ),
  ).toEqual(rounding.map((_, n) => ({ mapping: `t${n}`, column_name: 'c' })));
});

test('A document of xml arrives as it was stored, its declaration included', async () => {
  run = await runWhole({
    source: `create table t (id int primary key, c xml, d text); insert into t values
      (1, '<?xml version="1.0"?><a/>', '<?xml version="1.0"?><b/>'), (2, '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><a/>', '<b'),
      (3, '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', null), (4, 'text <b>and</b> more', ' <c/> ')`,
    target: 'create table t (id int primary key, c xml, d xml)',
    plan,
  });
  expect(run.found).toEqual({ 't.d.cast_xml': 1 });
  expect(run.filed).toEqual(run.found);
  const documents = 'select id, c::text as c, d::text as d from t where id <> 2 order by id';
  expect(await run.target.query(documents)).toEqual(await run.source.query(documents));
  expect(await run.prove()).toMatchObject({ green: true, problems: [] });
});

test('A bad value in a key, and in a row that others refer to, has one name and takes its children along', async () => {
  run = await runWhole({
    source: `create table p (k text primary key, c text); create table ch (id int primary key, p text);
      insert into p values ('10.0.0.1/32', '1 day'), ('10.0.0.2', 'x'), ('y', '1 day');
      insert into ch values (1, '10.0.0.1'), (2, '10.0.0.2/32'), (3, 'y'), (4, '10.0.0.9')`,
    target: `create table p (k inet primary key, c interval); create table ch (id int primary key, p inet references p)`,
    plan: 'tables:\n  public.p: { from: public.p, columns: "*" }\n  public.ch: { from: public.ch, columns: "*" }\n',
  });
  expect(run.found).toEqual({
    'p.k.cast_inet': 1,
    'p.c.cast_interval': 1,
    'ch.p.cast_inet': 1,
    'ch.p.orphan': 1,
    'ch.p.parent_quarantined': 1,
  });
  expect(run.filed).toEqual(run.found);
  expect(await run.prove()).toMatchObject({ green: true, problems: [] });
});

test('Domains are asked before the copy, each column under its own name', async () => {
  run = await runWhole({
    source: `create table t (id int primary key, a int, b int, c int[], d text);
      insert into t values (1, 1, 1, '{1}', 'x'), (2, 0, 1, '{1}', 'x'), (3, 1, 0, '{1}', 'x'), (4, 1, 1, '{0}', 'x'), (5, 1, 1, '{1}', null)`,
    target: `create domain positive as int constraint above check (value > 0); create domain word as text not null;
      create table t (id int primary key, a positive, b positive, c positive[], d word)`,
    plan,
  });
  expect(run.found).toEqual({ 't.a.check': 1, 't.b.check': 1, 't.c.check': 1, 't.d.not_null': 1 });
  expect(run.filed).toEqual(run.found);
  expect(await run.prove()).toMatchObject({ green: true, problems: [] });
});

test('What a type drops from a value is counted before the copy, and costs no row', async () => {
  run = await runWhole({
    source: `create table t (id int primary key, a text, b text, c json, d xml[]); insert into t values
      (1, '2020-01-01 12:00:00+02', 'ab', '{"a": {"b": 1, "b": 2}}', array['<?xml version="1.0"?><a/>', '<b/>']::xml[]), (2, '2020-01-01 12:00:00Z', 'ab ', '[{"a": ":"}, {"\\u0061": 1, "a": 2}]', '{<a/>,NULL}'), (3, null, 'a', '{"a": ":", "b": ["x:y"]}', null)`,
    target: 'create table t (id int primary key, a timestamptz, b char(4), c jsonb, d xml[])',
    plan,
  });
  expect(run.found).toEqual({});
  expect(run.dropped).toEqual({
    't.a.offset': 1,
    't.b.trailing_blanks': 1,
    't.c.duplicate_keys': 2,
    't.d.xml_declaration': 1,
  });
  expect(run.filed).toEqual({});
  expect(await run.prove()).toMatchObject({ green: true, problems: [] });
});
