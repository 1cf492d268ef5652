import { keysListed } from '../../../src/compile/trial/source-trial';
import type { CompiledMapping } from '../../../src/contract/compiled';
import { phasesOf } from '../phases';
import { openDiscovery, type DiscoveryRun } from './discovery-run';

let run: DiscoveryRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

async function mappingsOf({ databases, ref }: DiscoveryRun): Promise<readonly CompiledMapping[]> {
  return (await databases.run(ref)).compiled.mappings;
}

const chain = (type: string): string => `create table p (id ${type} primary key, mail text unique, n int);
  create table c (id int primary key, p ${type} references p);
  create table g (id int primary key, c int references c)`;
const direct = `tables:
  public.p: { from: public.p, columns: { id: id, mail: mail, n: n } }
  public.c: { from: public.c, columns: { id: id, p: p } }
  public.g: { from: public.g, columns: { id: id, c: c } }
`;

test('Rules that valid constraints of the source hold are not tried, and nothing is sent to the target', async () => {
  run = await openDiscovery({
    source: `${chain('int')}; insert into p values (1, 'a', 1), (2, null, 2); insert into c values (1, 1), (2, null); insert into g values (1, 1)`,
    target: chain('bigint'),
    plan: direct,
  });
  const mappings = await mappingsOf(run);
  expect(mappings.flatMap(({ uniques }) => uniques.map(({ already }) => already))).toEqual([true, true, true, true]);
  expect(mappings.flatMap(({ references }) => references.map(({ already }) => already))).toEqual([true, true]);
  expect(await run.discover()).toEqual({});
});

describe('A violation that the source should not have', () => {
  test('under a unique index that says it is valid is found by the load, and by nobody before', async () => {
    run = await openDiscovery({
      source: `${chain('int')}; insert into p values (1, 'a', 1), (2, 'b', 1); insert into c values (1, 2); insert into g values (1, 1)`,
      target: chain('int'),
      plan: direct,
    });
    const unique = async (state: boolean): Promise<unknown> =>
      run?.source.query(
        `update pg_index set indisunique = ${state}, indimmediate = ${state} where indexrelid = 'p_mail_key'::regclass`,
      );
    await unique(false);
    await run.source.query(`insert into p values (3, 'b', 1)`);
    await unique(true);
    expect(await run.discover()).toEqual({});
    const { prepare, copy, settle } = phasesOf(run);
    await prepare();
    await copy();
    await settle();
    expect(await run.target.query('select source_key, finding from rowproof.quarantine')).toEqual([
      { source_key: '["3"]', finding: 'p.mail.unique' },
    ]);
    expect(await run.target.query('select count(*)::int as n from p')).toEqual([{ n: 2 }]);
  });

  test('under a foreign key that says it is valid is found by the load, with what hangs on it', async () => {
    run = await openDiscovery({
      source: `${chain('int')}; insert into p values (1, 'a', 1); insert into c values (1, 1);
        set session_replication_role = replica; insert into c values (2, 9); set session_replication_role = origin;
        insert into g values (1, 1), (2, 2)`,
      target: chain('int'),
      plan: direct,
    });
    expect(await run.discover()).toEqual({});
    const { prepare, copy, settle } = phasesOf(run);
    await prepare();
    await copy();
    await settle();
    expect(await run.target.query('select source_key, finding from rowproof.quarantine order by finding')).toEqual([
      { source_key: '["2"]', finding: 'c.p.orphan' },
      { source_key: '["2"]', finding: 'g.c.parent_quarantined' },
    ]);
  });
});

describe('A unique key is tried all the same where', () => {
  const found = async (
    source: string,
    target: string,
    columns = '{ id: id, v: v }',
    more = '',
  ): Promise<Record<string, number>> => {
    run = await openDiscovery({
      source,
      target,
      plan: `tables: { public.b: { from: public.a, ${more}columns: ${columns} } }\n`,
    });
    return run.discover();
  };
  const unique = 'create table b (id int primary key, v text unique)';

  test('the index of the source is partial', async () => {
    const source = `create table a (id int primary key, v text, live boolean); create unique index on a (v) where live;
      insert into a values (1, 'x', true), (2, 'x', false)`;
    expect(await found(source, unique, '{ id: id, v: v }', 'ignore: [live], ')).toEqual({ 'b.v.unique': 1 });
  });

  test('the index of the source is over an expression, or covers more columns', async () => {
    const source = `create table a (id int primary key, v text, w text); create unique index on a (upper(v || id)); create unique index on a (v, w);
      insert into a values (1, 'x', 'y'), (2, 'x', 'z')`;
    expect(await found(source, unique, '{ id: id, v: v }', 'ignore: [w], ')).toEqual({ 'b.v.unique': 1 });
  });

  test('the transform takes two values to one', async () => {
    const source = `create table a (id int primary key, v text unique); insert into a values (1, 'x'), (2, 'X'), (3, ' x'), (4, 'y')`;
    expect(await found(source, unique, '{ id: id, v: { from: v, steps: [trim, lower] } }')).toEqual({
      'b.v.unique': 2,
    });
  });

  test('the target takes texts for equal that are not', async () => {
    const source = `create table a (id int primary key, v text unique); insert into a values (1, 'x'), (2, 'X')`;
    const target = `create collation blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      create table b (id int primary key, v text collate blind unique)`;
    expect(await found(source, target)).toEqual({ 'b.v.unique': 1 });
  });

  test('the type of the target leaves something out', async () => {
    const source = `create table a (id int primary key, v text unique); insert into a values (1, 'x'), (2, 'x ')`;
    const rows = await found(source, 'create table b (id int primary key, v char(5) unique)');
    expect(rows).toMatchObject({ 'b.v.unique': 1 });
  });

  test('NULLs are equal on the target and not on the source', async () => {
    const source = `create table a (id int primary key, v text unique); insert into a values (1, null), (2, null)`;
    const target = 'create table b (id int primary key, v text unique nulls not distinct)';
    expect(await found(source, target)).toEqual({ 'b.v.unique': 1 });
  });

  test('rows of children are read that the index of the parent does not know', async () => {
    const source = `create table a (id int not null, v text unique); create table more () inherits (a);
      alter table a add primary key (id); insert into a values (1, 'x'); insert into more values (2, 'x')`;
    expect(await found(source, unique, '{ id: id, v: v }', 'key: [id], ')).toEqual({ 'b.v.unique': 1 });
  });

  test('more rows break it than are listed by their keys', async () => {
    const source = `create table a (id int primary key, v text); insert into a select i, case when i % 2 = 0 then 'x' else 'X' end from generate_series(1, ${keysListed + 1}) i`;
    expect(await found(source, unique, '{ id: id, v: { from: v, steps: [lower] } }')).toEqual({
      'b.v.unique': keysListed,
    });
  });

  test('rows that are equal come and go with a reason of their own', async () => {
    const source = `create table a (id int primary key, v text, n text);
      insert into a values (1, 'x', 'bad'), (2, 'X', '1'), (3, 'y', '1'), (4, 'Y', '2')`;
    const target = 'create table b (id int primary key, v text unique, n int)';
    expect(await found(source, target, '{ id: id, v: { from: v, steps: [lower] }, n: n }')).toEqual({
      'b.n.cast_integer': 1,
      'b.v.unique': 1,
    });
  });
});

describe('A foreign key is tried all the same where', () => {
  const found = async (source: string, target: string, plan: string): Promise<Record<string, number>> => {
    run = await openDiscovery({ source, target, plan });
    return run.discover();
  };
  const rows = `insert into p values (1, 'a', 1), (2, 'b', 2); insert into c values (1, 1), (2, 2), (3, 2); insert into g values (1, 1), (2, 2)`;
  const changed = (parent: string, more = ''): string =>
    direct.replace(
      'columns: { id: id, mail: mail, n: n }',
      `${more}columns: ${parent === '' ? '{ id: id, mail: mail, n: n }' : parent}`,
    );

  test('that of the source is not valid', async () => {
    const source = `create table p (id int primary key, mail text unique, n int); create table c (id int primary key, p int);
      create table g (id int primary key, c int references c); insert into p values (1, 'a', 1);
      insert into c values (1, 1), (2, 9); insert into g values (1, 2); alter table c add foreign key (p) references p not valid`;
    expect(await found(source, chain('int'), direct)).toEqual({ 'c.p.orphan': 1, 'g.c.parent_quarantined': 1 });
  });

  test('a parent is out of scope', async () => {
    const plan = changed('', 'where: n < 2, ');
    expect(await found(`${chain('int')}; ${rows}`, chain('int'), plan)).toEqual({
      'c.p.parent_out_of_scope': 2,
      'g.c.parent_out_of_scope': 1,
    });
  });

  test('a parent has a reason of its own', async () => {
    const plan = changed('{ id: id, mail: { from: mail, steps: [{ map: { a: a } }] }, n: n }');
    expect(await found(`${chain('int')}; ${rows}`, chain('int'), plan)).toEqual({
      'p.mail.unknown_value': 1,
      'c.p.parent_quarantined': 2,
      'g.c.parent_quarantined': 1,
    });
  });

  test('a parent breaks a CHECK that the source evaluates, or one that only the target can', async () => {
    const check = (expression: string): string =>
      `create function positive(int) returns boolean immutable language sql return $1 > 0; ${chain('int').replace('n int', `n int constraint low check (${expression})`)}`;
    const lost = { 'p.low.check': 1, 'c.p.parent_quarantined': 2, 'g.c.parent_quarantined': 1 };
    expect(await found(`${chain('int')}; ${rows}`, check('n < 2'), direct)).toEqual(lost);
    await run?.drop();
    expect(await found(`${chain('int')}; ${rows}`, check('public.positive(2 - n)'), direct)).toEqual(lost);
  });

  test('two parents become one', async () => {
    const plan = changed('{ id: id, mail: { from: mail, steps: [lower] }, n: n }');
    const source = `${chain('int')}; ${rows.replace(`'b'`, `'A'`)}`;
    expect(await found(source, chain('int'), plan)).toEqual({
      'p.mail.unique': 1,
      'c.p.parent_quarantined': 2,
      'g.c.parent_quarantined': 1,
    });
  });

  test('the source takes texts for equal that the target does not', async () => {
    const source = `create collation blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      ${chain('text collate blind')}; insert into p values ('a', 'a', 1); insert into c values (1, 'a'), (2, 'A')`;
    expect(await found(source, chain('text'), direct)).toEqual({ 'c.p.orphan': 1 });
  });

  test('the transforms of both sides differ', async () => {
    const source = `${chain('text')}; insert into p values ('a', 'a', 1), ('B', 'b', 1); insert into c values (1, 'a'), (2, 'B')`;
    const plan = changed('{ id: { from: id, steps: [lower] }, mail: mail, n: n }');
    expect(await found(source, chain('text'), plan)).toEqual({ 'c.p.orphan': 1 });
  });

  test('a part of the key of the source is NULL, which the key of the target does not have', async () => {
    const source = `create table p (id int primary key, k int not null, unique (id, k)); insert into p values (1, 1);
      create table c (id int primary key, p int, k int, foreign key (p, k) references p (id, k)); insert into c values (1, 1, 1), (2, 9, null)`;
    const target = `create table p (id int primary key, k int); create table c (id int primary key, p int references p, k int)`;
    const plan = `tables:
  public.p: { from: public.p, columns: { id: id, k: k } }
  public.c: { from: public.c, columns: { id: id, p: p, k: k } }
`;
    expect(await found(source, target, plan)).toEqual({ 'c.p.orphan': 1 });
  });
});

test('A key that follows the new id of its parent is held by the key of the source', async () => {
  const source = `create table p (id int primary key, mail text unique, n int); create table c (id int primary key, p int references p);
    insert into p values (1, 'a', 1); insert into c values (1, 1)`;
  run = await openDiscovery({
    source,
    target: `create table p (id uuid primary key, mail text unique, n int); create table c (id int primary key, p uuid references p)`,
    plan: `tables:
  public.p: { from: public.p, id: { uuid_from: id }, columns: { mail: mail, n: n } }
  public.c: { from: public.c, columns: { id: id, p: { from: p, ref: p } } }
`,
  });
  const [p, c] = (await mappingsOf(run)) as [CompiledMapping, CompiledMapping];
  expect(p.uniques.map(({ already }) => already)).toEqual([true, true]);
  expect(c.references.map(({ already }) => already)).toEqual([true]);
  expect(await run.discover()).toEqual({});
});
