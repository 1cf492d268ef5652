import { families } from './families';
import { everywhere } from './pairs';
import { walkTypes, type Walk } from './walk-run';

/** Types that take modifiers and those whose text has rules of its own: as they are, narrower, wider, in others, and from text. */
let walk: Walk | undefined;

beforeAll(async () => {
  walk = await walkTypes([[families, everywhere]]);
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

test('What a type drops from a text is counted, and costs no row', () => {
  expect(walk?.run.dropped).toEqual(walk?.dropped());
});
