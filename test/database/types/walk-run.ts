import { Client } from 'pg';
import { serverUrl } from '../../support/postgres/postgres';
import type { Family } from './families';
import { pairsOf, type Pair, type Settings } from './pairs';
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

interface Group {
  readonly table: string;
  readonly pairs: Pair[];
  readonly cases: Case[];
}

function groupsOf(pairs: readonly Pair[]): Group[] {
  const groups: Group[] = [];
  for (const [at, pair] of pairs.entries()) {
    const number = Math.floor(at / pairsAtATime);
    const group = (groups[number] ??= { table: `walk${number}`, pairs: [], cases: [] });
    group.pairs.push(pair);
    for (const value of pair.values) group.cases.push({ id: group.cases.length + 1, pair, value });
  }
  return groups;
}

const literal = (text: string): string => `E'${text.replace(/['\\]/g, '\\$&')}'`;

function tableSql(groups: readonly Group[], side: 'source' | 'target'): string {
  return groups
    .map(({ table, pairs }) => {
      const before = pairs.flatMap((pair) => (pair[side].before === '' ? [] : [pair[side].before]));
      const columns = pairs.map((pair) => `${pair.column} ${pair[side].type}`);
      return [...before, `create table ${table} (id int primary key, ${columns.join(', ')})`].join('; ');
    })
    .join('; ');
}

function rowsSql(groups: readonly Group[]): string {
  return groups
    .flatMap(({ table, cases }) =>
      cases.map(({ id, pair, value }) => `insert into ${table} (id, ${pair.column}) values (${id}, ${literal(value)})`),
    )
    .join('; ');
}

/** Without what alone may grow or shrink: trailing zeros of a numeric's scale, and the padding of a char(n) on either side. */
function withoutPadding(text: string, type: string, padded: boolean): string {
  const scaled = type.startsWith('numeric') ? text.replace(/(\.\d*?)0+(?!\d)/g, '$1').replace(/\.(?!\d)/g, '') : text;
  return padded ? scaled.replace(/ +(?=[\\"',)}\]]|$)/g, '').replace(/["\\]/g, '') : scaled;
}

/** Whether two texts are the same value of a type. */
function isSame({ from, to }: Pair, type: string, [a, b]: readonly [string, string]): boolean {
  const padded = [from, to].some((one) => one.startsWith('char('));
  return withoutPadding(a, type, padded) === withoutPadding(b, type, padded);
}

/**
 * Reads each text by a type, and stores what it printed in a table: what both print, NULL where the server refuses; with `origin`, what
 * is stored and what was given, both read by it.
 */
const oracleFunction = `create function pg_temp.oracle(given text[], reading text, stored text, relation text, origin text)
  returns table (place int, read text, kept text, home text, left_home text) language plpgsql as $$
  begin
    for n in 1 .. cardinality(given) loop
      place := n; home := null; left_home := null;
      begin
        execute format('select format(''%%s'', $1::text::%s)', reading) into read using given[n];
      exception when others then read := null; end;
      begin
        execute format('with s as (insert into %I values ($1::text::%s::text::%s) returning c) select format(''%%s'', c) from s',
          relation, reading, stored) into kept using given[n];
      exception when others then kept := null; end;
      if origin is not null then
        begin
          execute format('select format(''%%s'', $1::text::%s)', origin) into left_home using given[n];
          execute format('select format(''%%s'', $1::text::%s::text::%s)', stored, origin) into home using kept;
        exception when others then
          begin
            execute format('select format(''%%s'', $1::text::%s::%s)', stored, origin) into home using kept;
          exception when others then home := null; end;
        end;
      end if;
      return next;
    end loop;
  end $$`;

/** What the column must print for source columns that print `given`, in their order; null where the row must have a reason. */
async function oracle(client: Client, pair: Pair, given: readonly string[]): Promise<(string | null)[]> {
  const { rows } = await client.query<Record<'read' | 'kept' | 'home' | 'left_home', string | null>>(
    'select read, kept, home, left_home from pg_temp.oracle($1, $2, $3, $4, $5) order by place',
    [given, pair.read.type, pair.target.type, `oracle_${pair.column}`, pair.back],
  );
  return rows.map(({ read, kept, home, left_home: leftHome }) => {
    if (read === null || kept === null) return null;
    if (!isSame(pair, pair.to, [kept, read])) return null;
    if (pair.back === null) return kept;
    if (home === null || leftHome === null) return null;
    return isSame(pair, pair.back, [home, leftHome]) ? kept : null;
  });
}

/** What each row of a table prints; all its columns but one are NULL. On the source as the other type gets it. */
async function printed(
  database: WholeRun['source'],
  { table, pairs }: Group,
  side: 'source' | 'target',
): Promise<Map<number, string>> {
  const texts = pairs.map(({ column, cast }) =>
    cast && side === 'source' ? `coalesce(${column}::text, '')` : `format('%s', ${column})`,
  );
  const rows = await database.query<{ id: number; text: string }>(
    `select id, ${texts.join(' || ')} as text from ${table}`,
  );
  return new Map(rows.map(({ id, text }) => [id, text]));
}

/** A run over all pairs that this server has, settled. */
export interface Walk {
  readonly run: WholeRun;
  readonly pairs: readonly Pair[];
  /** Sentences: cases that came out otherwise than the oracle says. */
  wrong(): Promise<string[]>;
  /** Rows by finding whose value has a part that the type of the target has no place for. */
  dropped(): Record<string, number>;
  drop(): Promise<void>;
}

export async function walkTypes(given: readonly (readonly [readonly Family[], Settings])[]): Promise<Walk> {
  const { version, extensions } = await serverHas();
  const has = ({ since = 0, extension }: Family): boolean =>
    since <= version && (extension === undefined || extensions.has(extension));
  const families = given.map(([all, settings]) => [all.filter(has), settings] as const);
  const used = families.flatMap(([all]) => all);
  const pairs = pairsOf(families);
  const groups = groupsOf(pairs);
  const before = [
    ...new Set(
      used.flatMap((one) => [
        ...(one.extension === undefined ? [] : [`create extension ${one.extension}`]),
        ...(one.before === undefined ? [] : [one.before]),
      ]),
    ),
  ].map((sql) => `${sql}; `);
  const run = await runWhole({
    source: `${before.join('')}${tableSql(groups, 'source')}; ${rowsSql(groups)}`,
    target: `${before.join('')}${tableSql(groups, 'target')}`,
    plan: `tables:\n${groups.map(({ table }) => `  public.${table}: { from: public.${table}, columns: "*" }`).join('\n')}\n`,
  });
  const client = new Client({ connectionString: run.target.url });
  try {
    await client.connect();
    await client.query(oracleFunction);
    await client.query(
      `set timezone to 'UTC'; set datestyle to 'ISO, YMD'; set intervalstyle to 'postgres'; set extra_float_digits to 1`,
    );
    for (const group of groups)
      await client.query(
        group.pairs
          .map(
            ({ column, target, read }) =>
              `${read.before === '' ? '' : `${read.before}; `}create temporary table oracle_${column} (c ${target.type})`,
          )
          .join('; '),
      );
  } catch (error) {
    await client.end();
    await run.drop();
    throw error;
  }
  return {
    run,
    pairs,
    wrong: () => wrongCases(client, run, groups),
    dropped: () => droppedRows(groups),
    drop: async () => {
      await client.end();
      await run.drop();
    },
  };
}

async function serverHas(): Promise<{ version: number; extensions: ReadonlySet<string> }> {
  const client = new Client({ connectionString: serverUrl() });
  await client.connect();
  try {
    const { rows } = await client.query<{ version: number; extensions: string[] | null }>(
      `select current_setting('server_version_num')::int as version,
         (select array_agg(name::text) from pg_available_extensions) as extensions`,
    );
    return { version: rows[0]?.version ?? 0, extensions: new Set(rows[0]?.extensions ?? []) };
  } finally {
    await client.end();
  }
}

async function wrongCases(client: Client, run: WholeRun, groups: readonly Group[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const group of groups) {
    const given = await printed(run.source, group, 'source');
    const stored = await printed(run.target, group, 'target');
    for (const pair of group.pairs) {
      const cases = group.cases.filter((one) => one.pair === pair);
      const from = cases.map(({ id }) => given.get(id) as string);
      const should = await oracle(client, pair, from);
      for (const [at, { id }] of cases.entries()) {
        const [expected, actual] = [should[at] ?? null, stored.get(id) ?? null];
        const same =
          expected === null || actual === null ? expected === actual : isSame(pair, pair.to, [expected, actual]);
        if (!same)
          wrong.push(
            `${pair.title}: ${from[at] as string} should be ${expected ?? 'refused'}, is ${actual ?? 'refused'}`,
          );
      }
    }
  }
  return wrong;
}

/** Which part of a text the target's type drops; of a column as such, since nothing counts what is inside of others. */
function droppedPart({ from, to, title }: Pair, value: string): string | null {
  if (!/(alone|in a domain.*)$/.test(title) || !/ (alone|in a domain) to |^text to /.test(title)) return null;
  if (/^(text|json)$/.test(from) || title.startsWith('text to '))
    if (to === 'jsonb' && /"a":1,"a":2/.test(value)) return 'duplicate_keys';
  if (/^(text|varchar.*)$/.test(from) && to.startsWith('char(') && value.endsWith(' ')) return 'trailing_blanks';
  if (title.startsWith('text to timestamptz') && /\d[+-]\d\d$/.test(value) && !value.endsWith('+00')) return 'offset';
  return null;
}

function droppedRows(groups: readonly Group[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { table, cases } of groups)
    for (const { pair, value } of cases) {
      const part = droppedPart(pair, value);
      if (part !== null) found[`${table}.${pair.column}.${part}`] = (found[`${table}.${pair.column}.${part}`] ?? 0) + 1;
    }
  return found;
}
