import fc from 'fast-check';
import type { CompiledMapping } from '../../../src/contract/compiled';
import type { TestDatabase } from '../../support/postgres/postgres';
import { createDatabase } from '../../support/postgres/postgres';
import { compileFine, expectAgreement, loadAll, openSides } from './compile-harness';

let source: TestDatabase;
let target: TestDatabase;
let sides: Awaited<ReturnType<typeof openSides>>;

const texts = [
  '',
  ' ',
  'A',
  ' active ',
  'x|y|z',
  '12.50',
  '-7',
  '1e3',
  '2020-02-29',
  '31/12/1999',
  'CA',
  'Éé ß',
  '🦉',
  'yes',
  'n/a',
];

beforeAll(async () => {
  source = await createDatabase({ prefix: 'compile_src' });
  target = await createDatabase({ prefix: 'compile_dst' });
  await source.query('create table t (a text, b text, id int generated always as identity primary key)');
  await source.query(
    `insert into t (a, b) select x, y from unnest($1::text[]) x, unnest($1::text[]) y union all select null, null union all select 'A', null`,
    [texts],
  );
  await target.query(
    `create table t (id bigint primary key, c1 text not null, c2 varchar(6), c3 numeric(6,2), c4 date, c5 text)`,
  );
  sides = await openSides(source.url, target.url);
});

afterAll(async () => {
  await sides.close();
  await source.drop();
  await target.drop();
});

const steps = [
  'trim',
  'lower',
  'upper',
  'collapse_whitespace',
  '{ null_if: ["", n/a] }',
  '{ default: "2020-02-29" }',
  '{ default: "12.50" }',
  '{ map: { A: active, active: "7" } }',
  '{ parse_date: [YYYY-MM-DD, DD/MM/YYYY] }',
  '{ parse_number: { decimal: "." } }',
  '{ scale: -2 }',
  '{ round: 1 }',
  '{ substring: [1, 4] }',
  '{ split_part: ["|", 2] }',
  'us_state',
  'boolean',
];

const pipeline = fc.array(fc.constantFrom(...steps), { minLength: 0, maxLength: 5 });
const column = fc.oneof(
  fc.tuple(fc.constantFrom('a', 'b'), pipeline).map(([from, list]) => `{ from: ${from}, steps: [${list.join(', ')}] }`),
  pipeline.map((list) => `{ from: [a, b], steps: [${['{ concat: "|" }', ...list].join(', ')}] }`),
  pipeline.map((list) => `{ sql: "nullif(a, '') || b", steps: [${list.join(', ')}] }`),
  fc.constant('{ value: " A " }'),
);

describe('any pipelines side by side', () => {
  it('reject and compute alike in SQL and in TypeScript, and load what they promise', async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(column, column, column, column, column), async (columns) => {
        const lines = columns.map((one, index) => `      c${index + 1}: ${one}`).join('\n');
        const { mappings } = await compileFine(
          sides,
          `
  public.t:
    from: public.t
    unmapped_source_columns: ignore
    columns:
      id: id
${lines}
`,
        );
        const mapping = mappings[0] as CompiledMapping;
        const { ok } = await expectAgreement(sides.source, mapping);
        await sides.target.query('truncate public.t');
        expect(await loadAll(sides, mapping)).toBe(ok);
      }),
      { numRuns: 20 },
    );
  }, 60_000);

  it('see a planted disagreement', async () => {
    const { mappings } = await compileFine(
      sides,
      `
  public.t:
    from: public.t
    unmapped_source_columns: ignore
    columns: { id: id, c1: { sql: "'x'" }, c5: { from: a, steps: [trim, upper] } }
`,
    );
    const mapping = mappings[0] as CompiledMapping;
    await expectAgreement(sides.source, mapping);
    const planted = mapping.columns.map((column) =>
      column.target === 'c5' ? { ...column, steps: column.steps.slice(0, 1) } : column,
    );
    await expect(expectAgreement(sides.source, { ...mapping, columns: planted })).rejects.toThrow();
  });
});
