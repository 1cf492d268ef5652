import fc from 'fast-check';
import type { CompiledMapping } from '../../../src/contract/compiled';
import { createDatabase, type TestDatabase } from '../../support/postgres/postgres';
import { mappingOf, openTestRun, type TestRun } from '../settle-fixture';
import { Client } from 'pg';
import {
  apply,
  deferredRows,
  openSides,
  type Query,
  type Sides,
  incomingOf,
  sourceKey,
  text,
  type SourceRow,
} from './apply-fixture';

/** Tables with a self reference, a cycle, several unique keys, and every action that a foreign key can have. */
const schema = `
create schema src; create schema dst;
create table src.a (k int primary key, u int, w text, parent int, b_id int, outcome text);
create table src.b (k int primary key, id int, a_k int, a_u int, outside int, outcome text);
create table src.c (k int primary key, b_id int, a_k int, v text, outcome text);
create table dst.outside (id int primary key);
insert into dst.outside values (1), (2);
create table dst.a (k int primary key, u int, w text, parent int references dst.a (k) on delete cascade, b_id int,
  stamp timestamptz not null default now(), twice int generated always as (u * 2) stored, constraint k_u unique (k, u));
create unique index by_u on dst.a (u);
create unique index by_w on dst.a (lower(w)) where u is distinct from 2;
create table dst.b (id int primary key, k int, a_k int, a_u int, outside int references dst.outside (id),
  foreign key (a_k, a_u) references dst.a (k, u) match full on delete cascade on update cascade);
alter table dst.a add foreign key (b_id) references dst.b (id) on delete set null;
create table dst.c (k int primary key, b_id int references dst.b (id) on delete restrict,
  a_k int references dst.a (k) on delete set null, v text unique nulls not distinct);
`;
type Name = 'a' | 'b' | 'c';
const columns: Record<Name, string[]> = {
  a: ['k', 'u', 'w', 'parent', 'b_id'],
  b: ['id', 'k', 'a_k', 'a_u', 'outside'],
  c: ['k', 'b_id', 'a_k', 'v'],
};

const small = (max: number) => fc.option(fc.integer({ min: 1, max }), { nil: null });
const outcome = fc.constantFrom<SourceRow['outcome']>('ok', 'ok', 'ok', 'ok', 'ok', 'rejected', 'out');
const k = fc.integer({ min: 1, max: 12 });
const word = fc.constantFrom(null, 'x', 'X', 'y', 'z', 'q');
const change = fc.oneof(
  fc.record({
    table: fc.constant<Name>('a'),
    k,
    gone: fc.boolean(),
    row: fc.record({ u: small(7), w: word, parent: small(8), b_id: small(8), outcome }),
  }),
  fc.record({
    table: fc.constant<Name>('b'),
    k,
    gone: fc.boolean(),
    row: fc.record({ id: fc.integer({ min: 1, max: 7 }), a_k: small(7), a_u: small(7), outside: small(3), outcome }),
  }),
  fc.record({
    table: fc.constant<Name>('c'),
    k,
    gone: fc.boolean(),
    row: fc.record({ b_id: small(8), a_k: small(8), v: fc.constantFrom(null, 'p', 'q', 'r', 's', 't'), outcome }),
  }),
);
const rounds = fc.array(
  fc.record({
    changes: fc.array(change, { minLength: 1, maxLength: 8 }),
    whole: fc.constantFrom(null, null, null, null, 'a' as Name, 'b' as Name),
  }),
  { minLength: 3, maxLength: 10 },
);

type State = Record<Name, Map<number, SourceRow>>;

describe('applying rounds', () => {
  let database: TestDatabase;
  let run: TestRun;
  let client: Client;
  let query: Query;
  let sides: Sides;
  let mappings: Record<Name, CompiledMapping>;
  const table = (name: string, schemaName = 'dst') => ({ schema: schemaName, name });

  beforeAll(async () => {
    database = await createDatabase({ prefix: 'apply' });
    const [version] = await database.query<{ v: number }>(`select current_setting('server_version_num')::int as v`);
    await database.query((version?.v ?? 0) >= 150000 ? schema : schema.replace(' nulls not distinct', ''));
    const build = (name: Name, targetKey: string[], referenced: string[]): CompiledMapping => {
      const mapping = mappingOf({
        name,
        target: table(name),
        from: table(name, 'src'),
        targetKey,
        columns: columns[name],
      });
      return {
        ...mapping,
        referencedColumns: referenced,
        // a key of its own is computed from the source key; another one needs provenance
        targetKeyInjective: targetKey[0] === 'k',
        statements: {
          ...mapping.statements,
          keysOfTargets: mapping.statements.keysOfTargets.replace(
            `"src"."${name}"`,
            `(select * from src.${name} where outcome = 'ok') as s`,
          ),
          outOfScopeRefs: `select jsonb_build_array(k::text)::text, jsonb_build_object(${referenced.map((one) => `'${one}', ${one}::text`).join(', ')})::text from src.${name} where outcome = 'out'`,
        },
      };
    };
    mappings = { a: build('a', ['k'], ['k', 'u']), b: build('b', ['id'], ['id']), c: build('c', ['k'], ['k']) };
    run = await openTestRun(database, Object.values(mappings));
    client = new Client({ connectionString: database.url });
    await client.connect();
    query = async (sql, values) => (await client.query(sql, values)).rows as never;
    sides = await openSides(run);
  });
  afterAll(async () => {
    await sides.close();
    await client.end();
    await database.drop();
  });

  async function store(state: State): Promise<void> {
    for (const name of ['a', 'b', 'c'] as const) {
      await query(
        `with gone as (delete from src.${name} where k is not null returning k)
         select count(*) from gone`,
      );
      await query(`insert into src.${name} select * from jsonb_populate_recordset(null::src.${name}, $1::jsonb)`, [
        JSON.stringify([...state[name].values()]),
      ]);
    }
  }

  async function check(state: State): Promise<void> {
    const books = await query<{ mapping: Name; migrated: string; quarantined: string; out_of_scope: string }>(
      `select mapping, migrated, quarantined, out_of_scope from rowproof.delta_reconciliation`,
    );
    const target: Partial<Record<Name, Record<string, unknown>[]>> = {};
    for (const name of ['a', 'b', 'c'] as const) target[name] = await query(`select * from dst.${name}`);
    const content = (name: Name, row: Record<string, unknown>): string =>
      JSON.stringify(columns[name].map((column) => text(row[column] as string)));
    const provenance = await query(`select source_key, target_key from rowproof.provenance order by 1`);
    expect(provenance).toEqual(
      (target.b ?? [])
        .map((row) => ({ source_key: sourceKey(row['k'] as number), target_key: sourceKey(row['id'] as number) }))
        .sort((x, y) => (x.source_key < y.source_key ? -1 : 1)),
    );
    for (const name of ['a', 'b', 'c'] as const) {
      const inTarget = target[name] ?? [];
      const deferred = await deferredRows(query, run, name);
      const rows = [...state[name].values()];
      expect([...inTarget, ...deferred].map((row) => content(name, row)).sort()).toEqual(
        rows
          .filter((row) => row.outcome === 'ok')
          .map((row) => content(name, row))
          .sort(),
      );
      const quarantine = await query<{
        source_key: string;
        reason: string;
        class: string;
        constraint_name: string;
      }>(`select source_key, reason, class, constraint_name from rowproof.quarantine where mapping = '${name}'`);
      expect(quarantine.map((row) => row.source_key).sort()).toEqual(
        [
          ...deferred.map((row) => row['rowproof_key'] as string),
          ...rows.filter((row) => row.outcome === 'rejected').map((row) => sourceKey(row.k)),
        ].sort(),
      );
      const out = quarantine.filter((row) => row.class === 'out_of_scope').length;
      const book = books.find((one) => one.mapping === name);
      expect({
        name,
        m: Number(book?.migrated ?? 0),
        q: Number(book?.quarantined ?? 0),
        o: Number(book?.out_of_scope ?? 0),
      }).toEqual({
        name,
        m: inTarget.length,
        q: quarantine.length - out,
        o: out,
      });
      for (const row of deferred) {
        const said = quarantine.find((one) => one.source_key === row['rowproof_key']);
        const why = obstacles(name, row, target as Record<Name, Record<string, unknown>[]>);
        expect({ name, row, said, why }).toEqual({
          name,
          row,
          said,
          why: expect.arrayContaining([said?.constraint_name]) as unknown,
        });
      }
    }
  }

  /** Constraints that a row would violate in the target as it is. */
  function obstacles(
    name: Name,
    row: Record<string, unknown>,
    target: Record<Name, Record<string, unknown>[]>,
  ): string[] {
    const found: string[] = [];
    const has = (where: Name, test: (other: Record<string, unknown>) => boolean): boolean => target[where].some(test);
    const lower = (value: unknown): string | undefined => (value as string | null)?.toLowerCase();
    if (name === 'a') {
      if (has('a', (o) => o['k'] === row['k'])) found.push('a_pkey');
      if (row['u'] !== null && has('a', (o) => o['u'] === row['u'])) found.push('by_u');
      if (row['w'] !== null && row['u'] !== 2 && has('a', (o) => o['u'] !== 2 && lower(o['w']) === lower(row['w'])))
        found.push('by_w');
      if (row['parent'] !== null && row['parent'] !== row['k'] && !has('a', (o) => o['k'] === row['parent']))
        found.push('a_parent_fkey');
      if (row['b_id'] !== null && !has('b', (o) => o['id'] === row['b_id'])) found.push('a_b_id_fkey');
    }
    if (name === 'b') {
      if (has('b', (o) => o['id'] === row['id'])) found.push('b_pkey');
      if (row['outside'] === 3) found.push('b_outside_fkey');
      const [x, y] = [row['a_k'], row['a_u']];
      if ((x === null) !== (y === null) || (x !== null && !has('a', (o) => o['k'] === x && o['u'] === y)))
        found.push('b_a_k_a_u_fkey');
    }
    if (name === 'c') {
      if (has('c', (o) => o['v'] === row['v'])) found.push('c_v_key');
      if (row['b_id'] !== null && !has('b', (o) => o['id'] === row['b_id'])) found.push('c_b_id_fkey');
      if (row['a_k'] !== null && !has('a', (o) => o['k'] === row['a_k'])) found.push('c_a_k_fkey');
    }
    return found;
  }

  it('leaves target, held rows, quarantine and books in step after every random round', async () => {
    await fc.assert(
      fc.asyncProperty(rounds, async (plan) => {
        await query(
          `truncate dst.a, dst.b, dst.c; truncate rowproof.quarantined, rowproof.delta_reconciliation, rowproof.provenance, rowproof.touched, rowproof.touched_target`,
        );
        for (const name of ['a', 'b', 'c']) {
          const [first] = await deferredRows(query, run, name);
          if (first !== undefined) await dropDeferredRows(name);
        }
        const state: State = { a: new Map(), b: new Map(), c: new Map() };
        for (const [index, { changes, whole }] of plan.entries()) {
          const changed: Record<Name, Set<number>> = { a: new Set(), b: new Set(), c: new Set() };
          for (const one of changes) {
            changed[one.table].add(one.k);
            if (one.gone && state[one.table].has(one.k)) state[one.table].delete(one.k);
            else state[one.table].set(one.k, { ...one.row, k: one.k });
          }
          await store(state);
          await apply(
            sides,
            index + 1,
            (['a', 'b', 'c'] as const)
              .filter((name) => changed[name].size > 0 || whole === name)
              .map((name) =>
                incomingOf(mappings[name], [...changed[name]], [...state[name].values()], { whole: whole === name }),
              ),
          );
          await check(state);
        }
      }),
      {
        numRuns: Number(process.env['APPLY_RUNS'] ?? 8),
        endOnFailure: process.env['APPLY_RUNS'] !== undefined,
        ...(process.env['APPLY_SEED'] ? { seed: Number(process.env['APPLY_SEED']) } : {}),
      },
    );
  }, 600_000);

  async function dropDeferredRows(name: string): Promise<void> {
    const { deferredTable } = await import('../../../src/postgres/ledger/quarantine/deferred');
    await query(`truncate rowproof."${deferredTable(run.ref.run, name).name}"`);
  }
});
