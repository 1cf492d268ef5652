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
  const rows = await walk?.run.target.query<{ name: string }>(
    `select typname as name from pg_type where typnamespace = 'pg_catalog'::regnamespace and typtype in ('b', 'r', 'm') and typcategory <> 'A'
       and typname !~ '^_' order by 1`,
  );
  const [walked] =
    (await walk?.run.target.query<{ names: string[] }>(
      `select array_agg(distinct typname::text) as names from pg_type where oid = any ($1::text[]::regtype[])`,
      [
        [...families, ...plainTypes, ...crossings]
          .filter(({ since = 0, extension, before }) => since === 0 && extension === undefined && before === undefined)
          .map(({ source }) => source),
      ],
    )) ?? [];
  const known = new Set([...(walked?.names ?? []), ...Object.keys(leftOut)]);
  expect(rows?.map(({ name }) => name).filter((name) => !known.has(name))).toEqual([]);
});
