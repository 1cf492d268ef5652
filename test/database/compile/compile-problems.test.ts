import { explainPlan } from '../../../src/compile/explain/explain-plan';
import { restrictPlan } from '../../../src/compile/restrict-plan';
import type { TestDatabase } from '../../support/postgres/postgres';
import { createDatabase } from '../../support/postgres/postgres';
import { catalogsOf, compileFine, compileTables, openSides } from './compile-harness';

let source: TestDatabase;
let target: TestDatabase;
let sides: Awaited<ReturnType<typeof openSides>>;

beforeAll(async () => {
  source = await createDatabase({ prefix: 'compile_src' });
  target = await createDatabase({ prefix: 'compile_dst' });
  await source.query(`
    create table good (id int primary key, a text, b timestamp, c text);
    create table keyless (a text, b text);
    create table nullable_key (a int, b text);
    create table parent (a int primary key); create table child () inherits (parent);
    create view seen as select * from good;
    create unique index on nullable_key (a);
    create materialized view mat as select 1 as a;
    select lo_create(0);`);
  await target.query(`
    create table good (id int primary key, a text not null, b timestamptz, c date not null default now(), d int generated always as (id) stored);
    create table keyless (a text, b text);
    create table composite (a int, b int, primary key (a, b));
    create view seen as select 1 as id;
    create table parted (id int primary key) partition by range (id);
    create table parted_1 partition of parted for values from (0) to (10);
    create table parent (a int primary key); create table child () inherits (parent);
    create domain filled as text not null;
    create table strict (id int primary key, v filled);
    create table kid (id int primary key, good_id int references good, other uuid);
    create table outside (id int primary key, good_id int references good);
    insert into strict select i, 'x' from generate_series(1, 500) i; analyze strict;
    create index on good (a);
    create function nothing() returns trigger language plpgsql as 'begin return new; end';
    create trigger watch before insert on good for each row execute function nothing();
    create table serials (id bigserial primary key, a text);`);
  sides = await openSides(source.url, target.url);
});

afterAll(async () => {
  await sides.close();
  await source.drop();
  await target.drop();
});

async function errors(tables: string): Promise<string[]> {
  const { compiled, problems } = await compileTables(sides, tables);
  const found = problems.filter(({ severity }) => severity === 'error').map(({ problem }) => problem.code);
  expect(compiled === null).toBe(found.length > 0);
  return found.sort();
}

async function warnings(tables: string): Promise<string[]> {
  const { problems } = await compileTables(sides, tables);
  return problems.filter(({ severity }) => severity === 'warning').map(({ problem }) => problem.code);
}

const good = (more: string): string => `
  public.good:
    from: public.good
    unmapped_source_columns: ignore
    columns: { id: id, a: a, ${more} }
`;

describe('compilePlan reports', () => {
  it.each<[string, string, string[]]>([
    ['nothing about a plan that fits', good('c: { from: c, steps: [{ parse_date: YYYY-MM-DD }] }'), []],
    ['a column that the source lacks', good('c: { from: nope, steps: [trim] }'), ['RP2002']],
    ['a column that the target lacks', good('nope: c'), ['RP2005']],
    ['a generated column', good('d: id'), ['RP2007']],
    ['a timestamp without a zone', good('b: b'), ['RP2008']],
    [
      'NULL for a NOT NULL column',
      `
  public.strict: { from: public.good, unmapped_source_columns: ignore, columns: { id: id, v: { value: null } } }
`,
      ['RP2033'],
    ],
    [
      'a domain that refuses NULL and is not covered',
      `
  public.strict: { from: public.good, unmapped_source_columns: ignore, columns: { id: id } }
`,
      ['RP2006'],
    ],
    [
      'a NOT NULL column without a value',
      `
  public.good: { from: public.good, unmapped_source_columns: ignore, columns: { id: id } }
`,
      ['RP2006'],
    ],
    [
      'every source column that nothing reads',
      `
  public.good: { from: public.good, columns: { id: id, a: a } }
`,
      ['RP2009', 'RP2009'],
    ],
    [
      'a declared key that can be NULL',
      `
  public.composite: { from: public.nullable_key, key: a, columns: { a: a, b: { from: b, steps: [trim] } } }
`,
      ['RP2012'],
    ],
    [
      'a view without a declared key',
      `
  public.good: { from: public.seen, unmapped_source_columns: ignore, columns: { id: id, a: a } }
`,
      ['RP2011'],
    ],
    [
      'a target key that is not loaded',
      `
  public.composite: { from: public.good, unmapped_source_columns: ignore, columns: { a: id } }
`,
      ['RP2006', 'RP2017'],
    ],
    [
      'a view as target',
      `
  public.seen: { from: public.good, unmapped_source_columns: ignore, columns: { id: id } }
`,
      ['RP2020'],
    ],
    [
      'a partition as target',
      `
  public.parted_1: { from: public.good, unmapped_source_columns: ignore, columns: { id: id } }
`,
      ['RP2020'],
    ],
    [
      'a target that is inherited from',
      `
  public.parent: { from: public.parent, columns: "*" }
`,
      ['RP2021'],
    ],
    [
      'a reference whose parent needs other values',
      `
  public.composite: { from: public.good, unmapped_source_columns: ignore, columns: { a: id, b: { sql: "1" } } }
  public.kid:
    from: public.good
    unmapped_source_columns: ignore
    columns: { id: id, good_id: { from: b, ref: public.parted } }
  public.parted: { from: public.parent, id: { offset: { from: a, by: 1 } }, columns: "*" }
`,
      ['RP2015'],
    ],
  ])('%s', async (_, tables, codes) => {
    expect(await errors(tables)).toEqual(codes);
  });

  it('everything at once, each with its place in the file', async () => {
    const { problems } = await compileTables(
      sides,
      `
  public.good:
    from: public.good
    columns:
      id: nope
      a: { from: a, steps: [trim] }
      b: b
`,
    );
    const places = problems
      .filter(({ severity }) => severity === 'error')
      .map(({ problem }) => [problem.code, problem.where?.file, problem.where?.line]);
    expect(places).toEqual([
      ['RP2002', 'crm.yaml', 10],
      ['RP2008', 'crm.yaml', 12],
      ['RP2009', 'crm.yaml', 7],
      ['RP2009', 'crm.yaml', 7],
      ['RP2017', 'crm.yaml', 7],
    ]);
    const text = JSON.stringify(problems);
    expect(text).toContain('at_zone');
  });

  it('what is no error but worth knowing', async () => {
    const tables = `
  public.strict: { from: public.seen, key: id, unmapped_source_columns: warn, id: { keep: id }, columns: { v: a } }
  public.kid: { from: public.good, unmapped_source_columns: ignore, columns: { id: id, good_id: id, other: { from: a, ref: public.strict } } }
`;
    const found = await warnings(tables);
    expect(new Set(found)).toEqual(new Set(['RP2026', 'RP2032', 'RP2013', 'RP2009', 'RP2035', 'RP2016', 'RP2010']));
  });

  it('rows without a key, which are taken as they are while nobody writes', async () => {
    const without = `
  public.keyless: { from: public.keyless, columns: "*" }
  public.composite: { from: public.nullable_key, columns: { a: a, b: { from: b, steps: [trim] } } }
`;
    expect(await errors(without)).toEqual([]);
    const found = (await compileTables(sides, without)).problems
      .filter(({ problem }) => /^RP208/.test(problem.code))
      .map(({ problem }) => [problem.code, problem.where?.object]);
    expect(found).toEqual([
      ['RP2080', 'public.keyless'],
      ['RP2081', 'public.keyless'],
      ['RP2081', 'public.nullable_key'],
    ]);
  });

  it('privileges that are missing, for a role that owns nothing', async () => {
    const role = `${source.name}_role`;
    await source.query(`create role ${role} login password 'pw'`);
    try {
      await source.query(`grant select on keyless to ${role}; alter table good enable row level security`);
      await target.query(`grant usage on schema public to ${role}; grant select, insert on serials to ${role}`);
      const as = (url: string): string => url.replace(/\/\/[^@]*@/, `//${role}:pw@`);
      const poor = await openSides(as(source.url), as(target.url));
      try {
        const { problems } = await compileTables(
          poor,
          `
  public.good: { from: public.good, unmapped_source_columns: ignore, columns: { id: id, a: a } }
  public.serials: { from: public.good, unmapped_source_columns: ignore, columns: { id: id, a: a } }
`,
        );
        const codes = problems.map(({ problem, severity }) => `${problem.code} ${severity}`);
        expect(codes).toEqual(
          expect.arrayContaining(['RP2023 error', 'RP2022 warning', 'RP2024 error', 'RP2025 error', 'RP2041 error']),
        );
        const missing = problems.find(
          ({ problem }) => problem.what.includes('public.serials') && problem.code === 'RP2024',
        );
        expect(missing?.problem.what).toContain('update, delete, truncate');
      } finally {
        await poor.close();
      }
    } finally {
      await source.query(`alter table good disable row level security; drop owned by ${role}`);
      await target.query(`drop owned by ${role}`);
      await source.query(`drop role ${role}`);
    }
  });
});

describe('explainPlan', () => {
  it('lists every statement with its side and its lock, in the order of the run', async () => {
    const compiled = await compileFine(sides, good('c: { from: c, steps: [{ parse_date: YYYY-MM-DD }] }'));
    const explained = explainPlan(compiled, await catalogsOf(sides));
    expect(
      explained.statements.filter(({ side }) => side === 'source').every(({ lock }) => lock.startsWith('ACCESS SHARE')),
    ).toBe(true);
    const order = explained.statements
      .filter(({ side }) => side === 'target')
      .map(({ sql }) => sql.split(' ').slice(0, 5).join(' '));
    const at = (start: string): number => order.findIndex((sql) => sql.startsWith(start));
    const steps = [
      'CREATE SCHEMA',
      'ALTER TABLE "public"."good" DISABLE TRIGGER',
      'ALTER TABLE "public"."kid" DROP',
      'DROP INDEX',
      'COPY "public"."good"',
      'DELETE FROM',
      'CREATE INDEX',
      'ALTER TABLE "public"."kid" ADD',
      'ALTER TABLE "public"."kid" VALIDATE',
      'ALTER TABLE "public"."good" ENABLE TRIGGER',
      'ANALYZE',
    ];
    const places = steps.map(at);
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(explained.statements.every(({ sql }) => !/\{\{/.test(sql))).toBe(true);
    expect(JSON.parse(JSON.stringify(explained))).toEqual(explained);
  });
});

describe('restrictPlan', () => {
  it('brings the parents of a chosen table along, and samples every statement', async () => {
    const compiled = await compileFine(
      sides,
      `${good('c: { from: c, steps: [{ parse_date: YYYY-MM-DD }] }')}
  public.kid: { from: public.good, unmapped_source_columns: ignore, columns: { id: id, good_id: id } }
  public.serials: { from: public.good, unmapped_source_columns: ignore, columns: { id: id, a: a } }
`,
    );
    const { compiled: part, added } = restrictPlan(compiled, { only: ['kid'], sample: 1 });
    expect(part.mappings.map(({ name }) => name)).toEqual(['good', 'kid']);
    expect(added).toEqual(['good']);
    expect(part.mappings[1]?.statements.load).toContain('< 10000');
    expect(part.mappings[1]?.references[0]?.parentOutOfScope).toBe('out_of_scope');
    expect(restrictPlan(compiled, {}).compiled).toEqual(compiled);
  });
});
