import { bindStatement } from '../../../src/compile/statements/bind-statement';
import { withSample } from '../../../src/compile/with-sample';
import type { CompiledMapping } from '../../../src/contract/compiled';
import type { KeyRange } from '../../../src/contract/key';
import type { TestDatabase } from '../../support/postgres/postgres';
import { createDatabase } from '../../support/postgres/postgres';
import { compileFine, expectAgreement, loadAll, openSides, recomputeAll, rowsOf } from './compile-harness';

let source: TestDatabase;
let target: TestDatabase;
let sides: Awaited<ReturnType<typeof openSides>>;

beforeAll(async () => {
  source = await createDatabase({ prefix: 'compile_src' });
  target = await createDatabase({ prefix: 'compile_dst' });
  sides = await openSides(source.url, target.url);
});

afterAll(async () => {
  await sides.close();
  await source.drop();
  await target.drop();
});

async function only(tables: string): Promise<CompiledMapping> {
  const { mappings } = await compileFine(sides, tables);
  return mappings[0] as CompiledMapping;
}

/** Ranges as `planBatches` makes them: every boundary once, both ends open. */
async function ranges(mapping: CompiledMapping, rows: number): Promise<KeyRange[]> {
  const bounds = (await rowsOf(sides.source, bindStatement(mapping.statements.boundaries, { rows }))) as string[][];
  return [null, ...bounds].map((lower, index) => ({ lower, upper: bounds[index] ?? null }));
}

async function keysIn(mapping: CompiledMapping, range: KeyRange): Promise<string[]> {
  const rows = await rowsOf(sides.source, bindStatement(mapping.statements.raw, { range, key: mapping.key }));
  return rows.map(([key]) => key as string);
}

/** Loads, reads back and compares with what TypeScript expects; returns counts. */
async function migrateAndProve(mapping: CompiledMapping): Promise<{ ok: number; bad: number }> {
  const agreed = await expectAgreement(sides.source, mapping);
  expect(await loadAll(sides, mapping)).toBe(agreed.ok);
  const expected = (await recomputeAll(sides.source, mapping))
    .filter(({ row }) => row.reasons.length === 0)
    .map(({ row }) => [
      ...(JSON.parse(row.key) as string[]),
      ...row.values.map((value) => ('value' in value ? value.value : null)),
    ]);
  const actual = await rowsOf(sides.target, bindStatement(mapping.statements.actualInProofOrder));
  const text = (rows: unknown[]): string[] => rows.map((row) => JSON.stringify(row)).sort();
  expect(text(actual)).toEqual(text(expected));
  return agreed;
}

describe('names that nobody wants', () => {
  it('compiles tables and columns with quotes, dots, tokens, blanks and reserved words', async () => {
    const ddl = `
      create schema "S.1 ""x""";
      create table "S.1 ""x"""."select {{range}}" (
        "ID" int primary key, "a.b" text, "it's \\ {{limit}}" text, "größe 🦉" int, "v1" text, "k" text, "user" text, "ID " text);`;
    await source.query(`${ddl} insert into "S.1 ""x"""."select {{range}}" values
      (1, 'x', 'back\\slash', 5, 'tab	', E'new\\nline', '\\N', ''), (2, null, null, null, null, null, null, null)`);
    await target.query(ddl.replaceAll('"select {{range}}"', '"from; {{slice}}"'));
    const mapping = await only(`
  '"S.1 ""x"""."from; {{slice}}"':
    from: '"S.1 ""x"""."select {{range}}"'
    ignore: ["ID "]
    columns:
      ID: ID
      a.b: { from: k, steps: [trim, upper] }
      "it's \\\\ {{limit}}": "it's \\\\ {{limit}}"
      größe 🦉: größe 🦉
      v1: v1
      k: { from: [a.b, user], steps: [{ concat: "{{range}}'" }] }
      user: user
      "ID ": { sql: "coalesce(\\"v1\\", '{{range}} $x$ {{limit}}')" }
`);
    expect(await migrateAndProve(mapping)).toEqual({ ok: 2, bad: 0 });
    const [row] = await target.query(`select "ID " as sql from "S.1 ""x"""."from; {{slice}}" where "ID" = 2`);
    expect(row).toEqual({ sql: '{{range}} $x$ {{limit}}' });
  });

  it('reads a table whose columns are called as our own outputs and as the table', async () => {
    await source.query(`create table k1 (k1 int, k text, k2 int, tk text, primary key (k2, k1));
      insert into k1 select i % 3, 'r' || i, i, null from generate_series(1, 20) i`);
    await target.query(`create table k1 (k1 int, k text, k2 int, tk text, primary key (k1, k2))`);
    const mapping = await only(`
  public.k1: { from: public.k1, columns: "*" }
`);
    expect(mapping.targetKeyInjective).toBe(true);
    expect(await migrateAndProve(mapping)).toEqual({ ok: 20, bad: 0 });
    const originals = await sides.source.query(bindStatement(mapping.statements.originals, { columns: ['k', 'k2'] }), [
      ['["3", "0"]', '["99", "0"]'],
    ]);
    expect(originals.rows).toEqual([{ key: '["3", "0"]', k: 'r3', k2: '3' }]);
  });
});

describe('keys of every kind', () => {
  const kinds: [string, string, string][] = [
    ['negative integers', 'a int primary key', `select i from generate_series(-30, 30) i`],
    ['uuids', 'a uuid primary key', `select md5(i::text)::uuid from generate_series(1, 60) i`],
    [
      'text in mixed collations',
      `a text collate "C", b text collate "en_US", primary key (a, b)`,
      `select chr(40 + i % 7), (array['a','B','ä','Z','_','é','''','"','\\','🦉'])[1 + i / 7] from generate_series(0, 69) i`,
    ],
    [
      'descending composites',
      'a int, b numeric(8,3), primary key (a, b)',
      `select i % 4 - 2, -i / 7.0 from generate_series(1, 60) i`,
    ],
    [
      'floats',
      'a float8 primary key',
      `select case i when 0 then 'NaN' when 1 then '-Infinity' else i / 3.0 end from generate_series(0, 50) i`,
    ],
    [
      'timestamps',
      'a timestamptz primary key',
      `select 'epoch'::timestamptz + i * '1.000001 days'::interval from generate_series(-30, 30) i`,
    ],
    ['char(n)', 'a char(4) primary key', `select 'x' || i from generate_series(1, 60) i`],
    ['bytea', 'a bytea primary key', `select decode(md5(i::text), 'hex') from generate_series(1, 60) i`],
    [
      'booleans and dates',
      'a bool, b date, primary key (a, b)',
      `select i % 2 = 0, '2020-01-01'::date + i from generate_series(1, 60) i`,
    ],
    ['intervals', 'a interval primary key', `select i * '25 hours'::interval from generate_series(1, 60) i`],
    ['inet', 'a inet primary key', `select '10.0.0.0'::inet + i * 7 from generate_series(1, 60) i`],
  ];

  it.each(kinds)(
    'splits %s into ranges that hold every row exactly once, and slices alike',
    async (name, columns, rows) => {
      const table = `k_${name.replace(/\W/g, '_')}`;
      const collated = columns.replace(' collate "en_US"', '');
      await source.query(`create table ${table} (${collated}, pay text); insert into ${table} ${rows}`);
      await target.query(`create table ${table} (${collated}, pay text)`);
      const mapping = await only(`
  public.${table}: { from: public.${table}, columns: "*" }
`);
      const all = await keysIn(mapping, { lower: null, upper: null });
      const parts = await ranges(mapping, 7);
      expect(parts.length).toBeGreaterThan(7);
      const byRange: string[] = [];
      for (const range of parts) byRange.push(...(await keysIn(mapping, range)));
      expect(byRange).toEqual(all);

      const { ok } = await migrateAndProve(mapping);
      let sum = 0;
      for (const index of [0, 1, 2]) {
        const slice = { index, of: 3 };
        const expected = await rowsOf(sides.source, bindStatement(mapping.statements.rawInProofOrder, { slice }));
        const actual = await rowsOf(sides.target, bindStatement(mapping.statements.actualInProofOrder, { slice }));
        const width = mapping.targetKey.length;
        expect(actual.map((row) => JSON.stringify(row.slice(0, width)))).toEqual(
          expected.map(([key]) => JSON.stringify(JSON.parse(key as string))),
        );
        sum += actual.length;
      }
      expect(sum).toBe(ok);
      const given = all.slice(0, 3);
      expect((await sides.source.query(bindStatement(mapping.statements.originals), [given])).rows).toHaveLength(3);
      expect((await sides.target.query(bindStatement(mapping.statements.actualByKey), [given])).rows).toHaveLength(3);
      const owners = await sides.source.query(bindStatement(mapping.statements.keysOfTargets), [given]);
      expect(owners.rows.map(({ key }) => key as string)).toEqual(given);
    },
  );

  it('takes the same rows of a sample in every statement, and more of a larger one', async () => {
    await source.query(
      'create table sampled as select i as a, i::text as b from generate_series(1, 2000) i; alter table sampled add primary key (a)',
    );
    await target.query('create table sampled (a int primary key, b text)');
    const mapping = await only(`
  public.sampled: { from: public.sampled, where: a > 1000, columns: "*" }
`);
    const take = async (percent: number): Promise<string[]> =>
      (await rowsOf(sides.source, bindStatement(withSample(mapping.statements.raw, percent)))).map(
        ([key]) => key as string,
      );
    const [small, large] = [await take(5), await take(20)];
    expect(small.length).toBeGreaterThan(20);
    expect(large.length).toBeLessThan(400);
    expect(large).toEqual(expect.arrayContaining(small));
    const loaded = await rowsOf(sides.source, bindStatement(withSample(mapping.statements.load, 5)));
    expect(loaded.map(([a]) => JSON.stringify([a]))).toEqual(small);
    const counts = await sides.source.query(bindStatement(withSample(mapping.statements.scopeCounts, 100)));
    expect(counts.rows).toEqual([{ total: '2000', out_of_scope: '1000', scope_unknown: '0' }]);
    const outside = await rowsOf(sides.source, bindStatement(withSample(mapping.statements.outOfScopeRefs, 5)));
    expect(outside).toHaveLength(2000 - small.length);
    const all = await rowsOf(sides.source, bindStatement(mapping.statements.outOfScopeRefs));
    expect(all).toHaveLength(1000);
  });

  it('reads in key order without a sort of its own', async () => {
    const mapping = await only(`
  public.sampled: { from: public.sampled, columns: { a: a, b: { from: b, steps: [trim, upper] } } }
`);
    const range = { lower: ['10'], upper: ['20'] };
    await sides.source.query('set enable_bitmapscan = off');
    const load = bindStatement(mapping.statements.load, { range, key: mapping.key });
    const plan = await sides.source.query(`explain ${load}`);
    const text = plan.rows.map((row) => Object.values(row).join()).join('\n');
    expect(text).toContain('Index');
    expect(text).not.toContain('Sort');
  });
});
