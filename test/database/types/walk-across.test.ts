import { crossings } from './crossings';
import { columnsAlone, shallow } from './pairs';
import { families } from './families';
import { leftOut, plainTypes } from './plain-types';
import { walkTypes, type Walk } from './walk-run';

/** Types without modifiers, those of extensions, and what one type becomes in another. */
let walk: Walk | undefined;

beforeAll(async () => {
  walk = await walkTypes([
    [plainTypes, shallow],
    [crossings, columnsAlone],
  ]);
});

afterAll(async () => {
  await walk?.drop();
});

test('What the server stores prints as what was read, and what it would not has a reason', async () => {
  expect(await walk?.wrong()).toEqual([]);
});

test('Discovery counts exactly the rows that the copy leaves behind, under the same names', () => {
  expect(walk?.run.found).toEqual(walk?.run.filed);
});

test('The run is proved', async () => {
  expect(await walk?.run.prove()).toMatchObject({ green: true, problems: [] });
});

test('Every type of the server is walked, or left out by name', async () => {
  const { run, pairs } = walk as Walk;
  const sources = [
    ...families.filter(({ since }) => since === undefined),
    ...pairs.map(({ from }) => ({ source: from })),
  ];
  const rows = await run.target.query<{ name: string }>(
    `select typname::text as name from pg_type where typnamespace = 'pg_catalog'::regnamespace and typtype in ('b', 'r', 'm')
       and typcategory <> 'A' and typname !~ '^_' and oid <> all ($1::text[]::regtype[]) order by 1`,
    [sources.map(({ source }) => source)],
  );
  expect(rows.map(({ name }) => name).filter((name) => !(name in leftOut))).toEqual([]);
});

test('What a type drops from a text is counted, and costs no row', () => {
  expect(walk?.run.dropped).toEqual(walk?.dropped());
});
