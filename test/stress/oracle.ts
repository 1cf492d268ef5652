import { Client } from 'pg';
import { comparedTables, unjustified, type ComparedTable } from './compared-tables';
import type { Entry, Model } from './history';
import { ownRange } from './world';

/** What the comparison found: sentences, none when all is well. Keys of a test's own rows may stand in them. */
export type Difference = string;

interface Side {
  readonly rows: Map<string, { readonly v: string; readonly row: string }>;
  readonly twice: readonly string[];
}

async function read(client: Client, sql: string): Promise<Side> {
  const rows = new Map<string, { v: string; row: string }>();
  const twice: string[] = [];
  for (const { key, v, row } of (await client.query<{ key: string; v: string; row: string }>(sql)).rows) {
    if (rows.has(key)) twice.push(key);
    rows.set(key, { v, row });
  }
  return { rows, twice };
}

export async function connected<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, application_name: 'stress oracle' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(`set search_path = pg_catalog; set timezone = 'UTC'; set datestyle = 'ISO'`);
    return await work(client);
  } finally {
    await client.end();
  }
}

const some = (keys: readonly string[]): string => `${keys.slice(0, 5).join(', ')}${keys.length > 5 ? ' …' : ''}`;

/** Both directions, table by table, between what the source implies and what the target holds. */
export async function compareSides(sourceUrl: string, targetUrl: string): Promise<Difference[]> {
  return connected(sourceUrl, (source) =>
    connected(targetUrl, async (target) => {
      const found: Difference[] = [];
      for (const table of comparedTables) found.push(...(await compareTable(source, target, table)));
      return found;
    }),
  );
}

async function compareTable(source: Client, target: Client, table: ComparedTable): Promise<Difference[]> {
  const [expected, actual] = [await read(source, table.source), await read(target, table.target)];
  const found: Difference[] = [];
  const say = (what: string, keys: readonly string[]): void => {
    if (keys.length > 0) found.push(`${table.name}: ${keys.length} ${what}: ${some(keys)}`);
  };
  say('rows twice on the target', actual.twice);
  say(
    'rows on the target only',
    [...actual.rows.keys()].filter((key) => !expected.rows.has(key)),
  );
  say(
    'rows that differ',
    [...expected.rows].flatMap(([key, { row }]) => {
      const other = actual.rows.get(key);
      return other !== undefined && other.row !== row ? [key] : [];
    }),
  );
  const missing = [...expected.rows.keys()].filter((key) => !actual.rows.has(key));
  say('rows on the source only', table.waits === undefined ? missing : await unexcused(source, target, table, missing));
  return found;
}

/** Of the rows that wait outside the target, those that nothing there keeps out. */
async function unexcused(
  source: Client,
  target: Client,
  { waits }: ComparedTable,
  missing: readonly string[],
): Promise<readonly string[]> {
  const sql = unjustified[waits ?? 'unique'];
  const wants = new Map(
    (await source.query<{ key: string; obstacle: string | null }>(sql.source)).rows.map(({ key, obstacle }) => [
      key,
      obstacle,
    ]),
  );
  const there = new Set((await target.query<{ obstacle: string }>(sql.target)).rows.map(({ obstacle }) => obstacle));
  return missing.filter((key) => {
    const obstacle = wants.get(key) ?? null;
    if (obstacle === null) return true;
    return there.has(obstacle) !== (waits === 'unique');
  });
}

export interface ClientHistory {
  readonly client: number;
  readonly model: Model;
  readonly history: readonly Entry[];
}

/** Every acknowledged write is on the target with its last effect, no failed one is: by the clients' own books. */
export async function compareHistories(
  targetUrl: string,
  clients: readonly ClientHistory[],
  outOfScope: ReadonlySet<string>,
): Promise<Difference[]> {
  return connected(targetUrl, async (target) => {
    const found: Difference[] = [];
    for (const table of comparedTables) {
      const { rows } = await read(target, table.target);
      for (const { client, model } of clients) {
        const known = model.get(table.name) ?? new Map<string, string>();
        const stale = [...known].filter(([key, v]) => {
          const row = rows.get(key);
          if (row === undefined) return table.waits === undefined && !outOfScope.has(`${table.name} ${key}`);
          return row.v !== v;
        });
        if (stale.length > 0)
          found.push(
            `client ${client}, ${table.name}: ${stale.length} acknowledged writes are not on the target: ${some(stale.map(([key]) => key))}`,
          );
        const extra = [...rows.keys()].filter((key) => ownerOf(table.name, key) === client && !known.has(key));
        if (extra.length > 0)
          found.push(`client ${client}, ${table.name}: ${extra.length} rows nobody acknowledged: ${some(extra)}`);
      }
    }
    return found;
  });
}

function ownerOf(table: string, key: string): number {
  if (table === 'tag') return Number(/^c(\d+)-/.exec(key)?.[1] ?? -1);
  const first = Number(key.split('/')[0]);
  return table === 'journal' ? first : Math.floor(first / ownRange);
}

/** Rows of the source that the plan leaves behind, as `table key`. */
export async function leftBehind(sourceUrl: string): Promise<ReadonlySet<string>> {
  return connected(sourceUrl, async (source) => {
    const { rows } = await source.query<{ key: string }>(
      `select 'event ' || id || '/' || day as key from public.event where (kind <> 'noise') is not true`,
    );
    return new Set(rows.map(({ key }) => key));
  });
}

/** What a client knows before it writes: its own rows of the source as they are. */
export async function firstModels(sourceUrl: string, clients: readonly number[]): Promise<Map<number, Model>> {
  return connected(sourceUrl, async (source) => {
    const models = new Map<number, Model>(clients.map((client) => [client, new Map()]));
    for (const { name, source: sql } of comparedTables) {
      const all = name === 'event' ? sql.replace(/where .*$/, '') : sql;
      for (const [key, { v }] of (await read(source, all)).rows) {
        const model = models.get(ownerOf(name, key));
        if (model === undefined) continue;
        if (!model.has(name)) model.set(name, new Map());
        model.get(name)?.set(key, v);
      }
    }
    return models;
  });
}
