import { openQuietRun, type QuietRun } from './quiet-run';

jest.setTimeout(180_000);

let run: QuietRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const source = `create table city (id int primary key, name text); create table capital (state text, primary key (id)) inherits (city);
  create table seat (since int) inherits (capital);
  insert into city select g, 'c' || g from generate_series(1, 200) g; insert into capital select g, 'k' || g, 's' from generate_series(201, 250) g;
  insert into seat values (300, 'x', 's', 1990), (7, 'twice', 's', 1991);`;
const target = `create table city (id int primary key, name text); create table capital (id int primary key, name text, state text);
  create table seat (id int, name text, state text, since int);`;
const small = 'settings: { batch: { rows: 40 } }\n';

test('A parent with `only` and its children on their own arrive each in its table', async () => {
  run = await openQuietRun({
    source,
    target,
    plan: `tables:
  public.city: { from: public.city, columns: "*", only: true }
  public.capital: { from: public.capital, columns: "*", only: true }
  public.seat: { from: public.seat, columns: "*" }
${small}`,
  });
  const verdict = await run.complete();
  expect(verdict.problems).toEqual([]);
  expect(verdict.reconciliation.map(({ mapping, source: rows, migrated }) => [mapping, rows, migrated])).toEqual(
    expect.arrayContaining([
      ['city', 200, 200],
      ['capital', 50, 50],
      ['seat', 2, 2],
    ]),
  );
  expect(await run.rows('select * from seat')).toEqual(['(300,x,s,1990)', '(7,twice,s,1991)']);
});

test('A parent alone is read with all its children, also where they repeat its key', async () => {
  run = await openQuietRun({
    source,
    target: 'create table city (id int, name text);',
    plan: `tables:\n  public.city: { from: public.city, columns: "*" }\n${small}`,
  });
  expect((await run.warnings()).filter(([code]) => code !== 'RP2080')).toEqual([
    ['RP2087', 'public.city'],
    ['RP2081', 'public.city'],
  ]);
  const verdict = await run.complete();
  expect(verdict.problems).toEqual([]);
  expect(await run.rows('select * from city where id = 7')).toEqual(['(7,c7)', '(7,twice)']);
  expect(await run.rows('select count(*) from city')).toEqual(['(252)']);
});

test.each([
  ['a child', 'public.capital: { from: public.capital, columns: "*", only: true }'],
  ['a grandchild', 'public.seat: { from: public.seat, columns: "*" }'],
])('A parent beside %s without `only` is refused, and the fix is said', async (_, child) => {
  const opened = openQuietRun({
    source,
    target,
    plan: `tables:\n  public.city: { from: public.city, columns: "*" }\n  ${child}\n`,
  });
  await expect(opened).rejects.toMatchObject({
    problems: [expect.objectContaining({ code: 'RP2086', fix: expect.stringContaining('only: true') as string })],
  });
});

test('`only` changes nothing for a partitioned table', async () => {
  run = await openQuietRun({
    source: `create table p (id int primary key) partition by range (id); create table p1 partition of p default; insert into p values (1), (2);`,
    target: 'create table p (id int primary key);',
    plan: 'tables:\n  public.p: { from: public.p, columns: "*", only: true }\n',
  });
  expect((await run.complete()).reconciliation).toMatchObject([{ source: 2, migrated: 2 }]);
});
