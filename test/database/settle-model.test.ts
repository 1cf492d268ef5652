import fc from 'fast-check';
import { createFinishActivities } from '../../activities/finish';
import { createPrepareActivities } from '../../activities/prepare';
import { createDatabase, type TestDatabase } from '../support/postgres/postgres';
import { mappingOf, openTestRun, type TestRun } from './settle-fixture';
import { writableQuarantine } from '../support/writable-quarantine';

/** Two tables that refer to themselves, to each other and to a table outside, with every kind of unique key. */
const schema = `
create schema src; create schema dst;
create table src.a (k int primary key, id int, u int, w text, parent int, b_id int, outcome text);
create table src.b (k int primary key, id int, a_id int, a_u int, outside int, outcome text);
create table dst.outside (id int primary key);
insert into dst.outside values (1), (2);
create table dst.a (id int primary key, k int, u int, w text, parent int references dst.a (id), b_id int, constraint id_u unique (id, u));
create unique index by_u on dst.a (u);
create unique index by_w on dst.a (lower(w)) where u is distinct from 2;
create table dst.b (id int primary key, k int, a_id int, a_u int, outside int references dst.outside (id),
  foreign key (a_id, a_u) references dst.a (id, u) match full);
alter table dst.a add foreign key (b_id) references dst.b (id);
`;

type Outcome = 'ok' | 'rejected' | 'out';
interface A {
  id: number;
  u: number | null;
  w: string | null;
  parent: number | null;
  b_id: number | null;
  outcome: Outcome;
}
interface B {
  id: number;
  a_id: number | null;
  a_u: number | null;
  outside: number | null;
  outcome: Outcome;
}
type Keyed<T> = T & { k: number };

const small = (max: number) => fc.option(fc.integer({ min: 1, max }), { nil: null });
const outcome = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Outcome>('ok') },
  { weight: 1, arbitrary: fc.constant<Outcome>('rejected') },
  { weight: 1, arbitrary: fc.constant<Outcome>('out') },
);
const rowsOfA = fc.array(
  fc.record<A>({
    id: fc.integer({ min: 1, max: 7 }),
    u: small(5),
    w: fc.constantFrom(null, 'x', 'X', 'y', 'z'),
    parent: small(8),
    b_id: small(8),
    outcome,
  }),
  { maxLength: 9 },
);
const rowsOfB = fc.array(
  fc.record<B>({ id: fc.integer({ min: 1, max: 7 }), a_id: small(7), a_u: small(5), outside: small(3), outcome }),
  { maxLength: 9 },
);

function dropDuplicates<T extends { k: number }>(rows: T[], keyOf: (row: T) => string | null): T[] {
  const kept = new Set<string>();
  return [...rows]
    .sort((x, y) => x.k - y.k)
    .filter((row) => {
      const key = keyOf(row);
      if (key === null) return true;
      if (kept.has(key)) return false;
      kept.add(key);
      return true;
    });
}

/** What settle promises, by brute force. */
function settled(
  allA: readonly Keyed<A>[],
  allB: readonly Keyed<B>[],
): { a: number[]; b: number[]; duplicates: string[] } {
  let a = allA.filter((row) => row.outcome === 'ok');
  let b = allB.filter((row) => row.outcome === 'ok');
  const before = { a, b };
  a = dropDuplicates(a, (row) => String(row.id));
  a = dropDuplicates(a, (row) => (row.u === null ? null : `${row.id} ${row.u}`));
  a = dropDuplicates(a, (row) => (row.u === null ? null : String(row.u)));
  a = dropDuplicates(a, (row) => (row.w === null || row.u === 2 ? null : row.w.toLowerCase()));
  b = dropDuplicates(b, (row) => String(row.id));
  const duplicates = [
    ...before.a.filter((row) => !a.includes(row)).map((row) => `a ${row.k}`),
    ...before.b.filter((row) => !b.includes(row)).map((row) => `b ${row.k}`),
  ].sort();
  for (let changed = true; changed;) {
    const [na, nb] = [a.length, b.length];
    a = a.filter((row) => row.parent === null || a.some((other) => other.id === row.parent));
    a = a.filter((row) => row.b_id === null || b.some((other) => other.id === row.b_id));
    b = b.filter((row) => row.outside === null || row.outside <= 2);
    b = b.filter((row) => {
      if (row.a_id === null && row.a_u === null) return true;
      return row.a_id !== null && row.a_u !== null && a.some((other) => other.id === row.a_id && other.u === row.a_u);
    });
    changed = a.length !== na || b.length !== nb;
  }
  return { a: a.map((row) => row.k).sort(), b: b.map((row) => row.k).sort(), duplicates };
}

interface Quarantined extends Record<string, unknown> {
  mapping: 'a' | 'b';
  k: number;
  class: string;
  reason: string;
  constraint_name: string;
}

describe('settle', () => {
  let database: TestDatabase;
  let run: TestRun;
  const refs = (mapping: string, columns: string[]) =>
    `select jsonb_build_array(k::text)::text, jsonb_build_object(${columns.map((name) => `'${name}', ${name}::text`).join(', ')})::text from src.${mapping} where outcome = 'out'`;
  const table = (name: string, schemaName = 'dst') => ({ schema: schemaName, name });

  beforeAll(async () => {
    database = await createDatabase({ prefix: 'settle' });
    await database.query(schema);
    const statements = (name: string, columns: readonly string[], referenced: string[]) => {
      const mapping = mappingOf({ name, target: table(name), from: table(name, 'src'), targetKey: ['id'], columns });
      const loaded = `(select * from src.${name} where outcome = 'ok') as "${name}"`;
      const over = (sql: string) => sql.replace(`"src"."${name}"`, loaded);
      return {
        ...mapping,
        targetKeyInjective: false,
        referencedColumns: referenced,
        statements: {
          ...mapping.statements,
          keysOfTargets: over(mapping.statements.keysOfTargets),
          expected: over(mapping.statements.expected),
          outOfScopeRefs: refs(name, referenced),
        },
      };
    };
    run = await openTestRun(database, [
      statements('a', ['id', 'k', 'u', 'w', 'parent', 'b_id'], ['id', 'u']),
      statements('b', ['id', 'k', 'a_id', 'a_u', 'outside'], ['id']),
    ]);
    await createPrepareActivities(run).prepareTarget(run.ref);
    await writableQuarantine(database);
  });
  afterAll(() => database.drop());

  async function load(a: readonly Keyed<A>[], b: readonly Keyed<B>[]): Promise<void> {
    await database.query(
      'truncate src.a, src.b, dst.a, dst.b; truncate rowproof.quarantined, rowproof.quarantine_cause, rowproof.adjustment',
    );
    await database.query('insert into src.a select * from jsonb_populate_recordset(null::src.a, $1::jsonb)', [
      JSON.stringify(a),
    ]);
    await database.query('insert into src.b select * from jsonb_populate_recordset(null::src.b, $1::jsonb)', [
      JSON.stringify(b),
    ]);
    await database.query(
      `insert into dst.a select id, k, u, w, parent, b_id from src.a where outcome = 'ok' order by random()`,
    );
    await database.query(
      `insert into dst.b select id, k, a_id, a_u, outside from src.b where outcome = 'ok' order by random()`,
    );
    await database.query(`insert into rowproof.quarantine (run, mapping, source_key, class, reason, finding, refs)
      select '${run.ref.run}', 'a', jsonb_build_array(k::text)::text, 'quarantined', 'bad', 'a.w.bad', jsonb_build_object('id', id::text, 'u', u::text) from src.a where outcome = 'rejected'
      union all select '${run.ref.run}', 'b', jsonb_build_array(k::text)::text, 'quarantined', 'bad', 'b.id.bad', jsonb_build_object('id', id::text) from src.b where outcome = 'rejected'`);
  }

  async function check(a: readonly Keyed<A>[], b: readonly Keyed<B>[]): Promise<void> {
    const expected = settled(a, b);
    const kept = async (name: string) =>
      (await database.query<{ k: number }>(`select k from dst.${name} order by k`)).map((row) => row.k);
    expect({ a: await kept('a'), b: await kept('b') }).toEqual({ a: expected.a, b: expected.b });
    const gone = await database.query<Quarantined>(
      `select mapping, (source_key::jsonb ->> 0)::int as k, class, reason, constraint_name from rowproof.quarantine where adjustment is not null`,
    );
    const ok = (rows: readonly Keyed<A | B>[]) => rows.filter((row) => row.outcome === 'ok').length;
    expect(gone).toHaveLength(ok(a) + ok(b) - expected.a.length - expected.b.length);
    expect(
      gone
        .filter((row) => row.reason === 'duplicate')
        .map((row) => `${row.mapping} ${row.k}`)
        .sort(),
    ).toEqual(expected.duplicates);
    for (const row of gone.filter((one) => one.reason !== 'duplicate')) justify(row, gone, a, b);
    const reconciliation = await database.query(
      `select coalesce(sum(migrated), 0)::int as m, coalesce(sum(quarantined), 0)::int as q, coalesce(sum(out_of_scope), 0)::int as o from rowproof.adjustment`,
    );
    const out = gone.filter((row) => row.class === 'out_of_scope').length;
    expect(reconciliation).toEqual([{ m: 0 - gone.length, q: gone.length - out, o: out }]);
  }

  /** A row left because of a foreign key: its parent is where the reason says. */
  function justify(
    row: Quarantined,
    gone: readonly Quarantined[],
    a: readonly Keyed<A>[],
    b: readonly Keyed<B>[],
  ): void {
    const place = (mapping: 'a' | 'b', one: Keyed<A> | Keyed<B>): string => {
      if (one.outcome === 'rejected') return 'quarantined';
      if (one.outcome === 'out') return 'out_of_scope';
      return gone.find((other) => other.mapping === mapping && other.k === one.k)?.class ?? 'kept';
    };
    let places: string[];
    if (row.mapping === 'a') {
      const self = a.find((one) => one.k === row.k) as Keyed<A>;
      places =
        row.constraint_name === 'a_parent_fkey'
          ? a.filter((one) => one.id === self.parent).map((one) => place('a', one))
          : b.filter((one) => one.id === self.b_id).map((one) => place('b', one));
    } else {
      const self = b.find((one) => one.k === row.k) as Keyed<B>;
      places =
        row.constraint_name === 'b_outside_fkey'
          ? []
          : a
              .filter((one) => one.id === self.a_id && one.u === self.a_u && one.u !== null)
              .map((one) => place('a', one));
    }
    if (row.reason === 'orphan') expect(places.filter((one) => one === 'kept')).toEqual([]);
    if (row.reason === 'parent_quarantined') expect(places).toContain('quarantined');
    if (row.reason === 'parent_out_of_scope') expect(places).toContain('out_of_scope');
    expect(row.class).toBe(row.reason === 'parent_out_of_scope' ? 'out_of_scope' : 'quarantined');
  }

  it('takes away exactly what brute force says, says why, books it, and changes nothing when it runs again', async () => {
    await fc.assert(
      fc.asyncProperty(rowsOfA, rowsOfB, async (plainA, plainB) => {
        const a = plainA.map((row, index) => ({ ...row, k: index + 1 }));
        const b = plainB.map((row, index) => ({ ...row, k: index + 1 }));
        await load(a, b);
        const result = await createFinishActivities(run).settle(run.ref);
        await check(a, b);
        expect(await createFinishActivities(run).settle(run.ref)).toEqual(result);
        await check(a, b);
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  it('leaves a target that all its rules accept', async () => {
    await createFinishActivities(run).rebuildIndexes(run.ref);
    await createFinishActivities(run).rebuildForeignKeys(run.ref);
    expect(
      await database.query(
        `select count(*)::int as n from pg_constraint where connamespace = 'dst'::regnamespace and convalidated`,
      ),
    ).toEqual([{ n: 8 }]);
  });
});
