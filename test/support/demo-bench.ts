import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import type { DemoPlace } from '../../src/dev/provision-demo';
import { provisionDemo } from '../../src/dev/provision-demo';
import { serverUrl } from './postgres/postgres';
import type { TestTemporal } from './temporal';
import { createWorkbench, type Workbench } from './workbench';

/** The demo's two databases, small and under names of their own, with a bench that migrates them in many batches. */
export interface DemoBench extends Workbench {
  readonly place: DemoPlace;
  readonly plan: string;
  /** Rows of SQL as superuser. */
  legacy<Row = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<Row[]>;
  crm<Row = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<Row[]>;
}

export async function createDemoBench(
  temporal: TestTemporal,
  options: {
    rows: number;
    batchRows: number;
    /** none when not given. */
    capture?: 'none' | 'triggers';
    settings?: string;
    edit?: (plan: string) => string;
  },
): Promise<DemoBench> {
  const prefix = `e2e_${randomBytes(4).toString('hex')}`;
  const bench = createWorkbench(temporal);
  const place = await provisionDemo(serverUrl(), join(bench.folder, 'data'), {
    seed: 11,
    rows: options.rows,
    capture: options.capture ?? 'none',
    prefix,
  });
  const written = readFileSync(place.plan, 'utf8').replace(
    /^settings: .*$/m,
    `settings: { ${options.settings ?? 'on_failure: keep'}, batch: { rows: ${options.batchRows} } }`,
  );
  const plan = bench.write('demo.yaml', options.edit?.(written) ?? written);
  return {
    ...bench,
    place,
    plan,
    legacy: (sql, values) => rowsOf(`${prefix}_legacy`, sql, values),
    crm: (sql, values) => rowsOf(`${prefix}_crm`, sql, values),
    close: async () => {
      await bench.close();
      for (const name of ['legacy', 'crm']) {
        await rowsOf(null, `drop database if exists "${prefix}_${name}" with (force)`);
      }
      for (const role of ['legacy', 'owner', 'application'])
        await rowsOf(null, `drop role if exists "${prefix}_${role}"`);
    },
  };
}

async function rowsOf<Row>(database: string | null, sql: string, values?: unknown[]): Promise<Row[]> {
  const url = new URL(serverUrl());
  if (database !== null) url.pathname = `/${database}`;
  const client = new Client({ connectionString: url.toString() });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql, values)).rows as Row[];
  } finally {
    await client.end();
  }
}
