import { Client } from 'pg';
import { allPairs, type Pair } from './pairs';
import { runWhole, type WholeRun } from './whole-run';

/**
 * Each column of a wide table is one pair of types, each row one value in one of them. The oracle asks the target's server alone, in
 * tables that the product never sees: what a value prints as when its type reads it, and what the column prints once it is stored.
 */

const pairsAtATime = 60;

interface Case {
  readonly id: number;
  readonly pair: Pair;
  readonly value: string;
}

const groups: { table: string; pairs: Pair[]; cases: Case[] }[] = [];
for (const [at, pair] of allPairs().entries()) {
  const number = Math.floor(at / pairsAtATime);
  const group = (groups[number] ??= { table: `walk${number}`, pairs: [], cases: [] });
  group.pairs.push(pair);
  for (const value of pair.values) group.cases.push({ id: group.cases.length + 1, pair, value });
}

const literal = (text: string): string => `E'${text.replace(/['\\]/g, '\\$&')}'`;

function tableSql(side: 'source' | 'target'): string {
  return groups
    .map(({ table, pairs }) => {
      const before = pairs.flatMap((pair) => (pair[side].before === '' ? [] : [pair[side].before]));
      const columns = pairs.map((pair) => `${pair.column} ${pair[side].type}`);
      return [...before, `create table ${table} (id int primary key, ${columns.join(', ')})`].join('; ');
    })
    .join('; ');
}

function rowsSql(): string {
  return groups
    .flatMap(({ table, cases }) =>
      cases.map(({ id, pair, value }) => `insert into ${table} (id, ${pair.column}) values (${id}, ${literal(value)})`),
    )
    .join('; ');
}

/** Without what alone may grow or shrink: trailing zeros of a numeric's scale, and the padding of a char(n) on either side. */
function withoutPadding({ title }: Pair, text: string): string {
  const scaled = text.replace(/(\.\d*?)0+(?!\d)/g, '$1').replace(/\.(?!\d)/g, '');
  return /\bchar\(/.test(title) ? scaled.replace(/ +(?=[\\"',)}\]]|$)/g, '').replace(/["\\]/g, '') : scaled;
}

/** Reads each text by a type, and stores what it printed in a table: what both print, NULL where the server refuses. */
const oracleFunction = `create function pg_temp.oracle(given text[], reading text, stored text, relation text)
  returns table (place int, read text, kept text) language plpgsql as $$
  begin
    for n in 1 .. cardinality(given) loop
      place := n;
      begin
        execute format('select format(''%%s'', $1::text::%s)', reading) into read using given[n];
      exception when others then read := null; end;
      begin
        execute format('with s as (insert into %I values ($1::text::%s::text::%s) returning c) select format(''%%s'', c) from s',
          relation, reading, stored) into kept using given[n];
      exception when others then kept := null; end;
      return next;
    end loop;
  end $$`;

/** What the column must print for source columns that print `given`, in their order; null where the row must have a reason. */
async function oracle(client: Client, pair: Pair, given: readonly string[]): Promise<(string | null)[]> {
  const { rows } = await client.query<{ read: string | null; kept: string | null }>(
    'select read, kept from pg_temp.oracle($1, $2, $3, $4) order by place',
    [given, pair.read.type, pair.target.type, `oracle_${pair.column}`],
  );
  return rows.map(({ read, kept }) => {
    if (read === null || kept === null) return null;
    return withoutPadding(pair, kept) === withoutPadding(pair, read) ? kept : null;
  });
}

/** What each row of a table prints; all its columns but one are NULL. */
async function printed(
  side: WholeRun['source'],
  { table, pairs }: (typeof groups)[number],
): Promise<Map<number, string>> {
  const texts = pairs.map(({ column }) => `format('%s', ${column})`);
  const rows = await side.query<{ id: number; text: string }>(`select id, ${texts.join(' || ')} as text from ${table}`);
  return new Map(rows.map(({ id, text }) => [id, text]));
}

let run: WholeRun;
let client: Client;

beforeAll(async () => {
  run = await runWhole({
    source: `${tableSql('source')}; ${rowsSql()}`,
    target: tableSql('target'),
    plan: `tables:\n${groups.map(({ table }) => `  public.${table}: { from: public.${table}, columns: "*" }`).join('\n')}\n`,
  });
  client = new Client({ connectionString: run.target.url });
  await client.connect();
  await client.query(oracleFunction);
  await client.query(
    `set timezone to 'UTC'; set datestyle to 'ISO, YMD'; set intervalstyle to 'postgres'; set extra_float_digits to 1`,
  );
  for (const { pairs } of groups)
    await client.query(
      pairs
        .map(
          ({ column, target, read }) =>
            `${read.before === '' ? '' : `${read.before}; `}create temporary table oracle_${column} (c ${target.type})`,
        )
        .join('; '),
    );
});

afterAll(async () => {
  await client?.end();
  await run?.drop();
});

test('What the server stores prints as what was read, and what it would not has a reason', async () => {
  const wrong: string[] = [];
  for (const group of groups) {
    const given = await printed(run.source, group);
    const readExistingFreeze = await printed(run.target, group);
    for (const pair of group.pairs) {
      const cases = group.cases.filter((one) => one.pair === pair);
      const from = cases.map(({ id }) => given.get(id) as string);
      const should = await oracle(client, pair, from);
      for (const [at, { id }] of cases.entries()) {
        const [expected, actual] = [should[at] ?? null, readExistingFreeze.get(id) ?? null];
        const same =
          expected === null || actual === null
            ? expected === actual
            : withoutPadding(pair, expected) === withoutPadding(pair, actual);
        if (!same)
          wrong.push(
            `${pair.title}: ${from[at] as string} should be ${expected ?? 'refused'}, is ${actual ?? 'refused'}`,
          );
      }
    }
  }
  expect(wrong).toEqual([]);
});

test('Discovery counts exactly the rows that the copy leaves behind, under the same names', () => {
  expect(run.found).toEqual(run.filed);
});

test('The run is proved', async () => {
  expect(await run.prove()).toMatchObject({ green: true, problems: [] });
});
