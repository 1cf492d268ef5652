import { runWhole, type WholeRun } from './whole-run';

let run: WholeRun | undefined;

afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const plan = `tables:
  public.p: { from: public.p, columns: "*" }
  public.ch: { from: public.ch, columns: "*" }
`;

const types = [
  { title: 'citext', before: 'create extension citext', type: 'citext' },
  {
    title: 'citext in a schema of its own',
    before: 'create schema ext; create extension citext schema ext',
    type: 'ext.citext',
  },
  {
    title: 'text with a nondeterministic collation',
    before: `create collation nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
    type: 'text collate nocase',
  },
];

test.each(types)('A reference of $title finds its parent by the equality of the type', async ({ before, type }) => {
  const tables = (references: string): string =>
    `${before}; create table p (k ${type} primary key, n int check (n > 0)); create table ch (id int primary key, p ${type}${references})`;
  run = await runWhole({
    source: `${tables('').replace(' check (n > 0)', '')};
      insert into p values ('c', 1), ('d', 0); insert into ch values (1, 'C'), (2, 'c'), (3, 'D'), (4, 'x')`,
    target: tables(' references p'),
    plan,
  });
  const decided = { 'p.p_n_check.check': 1, 'ch.p.orphan': 1, 'ch.p.parent_quarantined': 1 };
  expect(run.found).toEqual(decided);
  expect(run.filed).toEqual(decided);
  expect(await run.prove()).toMatchObject({ green: true, problems: [] });
});

test.each(types)(
  'A unique key of $title takes one of the values that its type calls equal',
  async ({ before, type }) => {
    run = await runWhole({
      source: `${before}; create table p (k int primary key, u text); create table ch (id int primary key);
      insert into p values (1, 'a'), (2, 'A'), (3, 'b')`,
      target: `${before}; create table p (k int primary key, u ${type} unique); create table ch (id int primary key)`,
      plan,
    });
    expect(run.found).toEqual({ 'p.u.unique': 1 });
    expect(run.filed).toEqual({ 'p.u.unique': 1 });
    expect(await run.prove()).toMatchObject({ green: true, problems: [] });
  },
);

test('A unique index with a collation of its own is tried by that collation', async () => {
  const collation = `create collation nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`;
  run = await runWhole({
    source: `create table p (k int primary key, u text); create table ch (id int primary key); insert into p values (1, 'a'), (2, 'A')`,
    target: `${collation}; create table p (k int primary key, u text); create unique index u on p (u collate nocase); create table ch (id int primary key)`,
    plan,
  });
  expect(run.found).toEqual(run.filed);
  expect(Object.values(run.filed)).toEqual([1]);
  expect(await run.prove()).toMatchObject({ green: true, problems: [] });
});
