import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionSpec } from '../contract/resolved-plan';
import { copyIn } from '../postgres/copy-stream';
import { resolveConnection } from '../postgres/connection-spec';
import { openSession, type Session } from '../postgres/session';
import { identifier, literal } from '../sql/quote';
import { demoPlan } from '../demo/demo-plan';
import { TruthManifest } from '../demo/row-outcomes';
import { generateLegacy, legacyCounts } from '../demo/generate';
import { soundProduct } from '../demo/generate-orders';
import { legacyColumns, legacySchema, type LegacyTable } from '../demo/legacy-schema';
import type { LivePlace } from '../demo/live-writes';
import { targetSchema } from '../demo/target-schema';
import type { LegacyRow } from '../demo/legacy-row';

export interface DemoPlace {
  readonly folder: string;
  readonly plan: string;
  readonly manifest: TruthManifest;
  readonly rows: number;
  /** Url of the old application's role, which may write to the legacy tables; with its password. */
  readonly applicationUrl: string;
  readonly live: LivePlace;
}

interface DemoNames {
  readonly roles: { readonly legacy: string; readonly owner: string; readonly application: string };
  readonly databases: { readonly legacy: string; readonly crm: string };
}

function demoNames(prefix: string): DemoNames {
  return {
    roles: { legacy: `${prefix}_legacy`, owner: `${prefix}_owner`, application: `${prefix}_application` },
    databases: { legacy: `${prefix}_legacy`, crm: `${prefix}_crm` },
  };
}

/**
 * Makes both demo databases anew on the given server: the generated legacy CRM, owned by one ordinary role and written to by
 * a second, and the empty new schema, owned by a third; their names begin with `prefix`. Writes plan, connection files (mode 0600) and the truth manifest into `folder`.
 */
export async function provisionDemo(
  superuserUrl: string,
  folder: string,
  options: { seed: number; rows: number; capture: 'none' | 'triggers'; prefix?: string },
): Promise<DemoPlace> {
  const { roles, databases } = demoNames(options.prefix ?? 'rowproof_demo');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const passwords = { legacy: secret(), owner: secret(), application: secret() };
  await withDatabase(superuserUrl, null, async (session) => {
    for (const database of Object.values(databases))
      await session.query(`drop database if exists ${identifier(database)} with (force)`);
    for (const [name, role] of Object.entries(roles)) {
      const { rows } = await session.query('select 1 from pg_catalog.pg_roles where rolname = $1', [role]);
      const verb = rows.length === 0 ? 'create' : 'alter';
      await session.query(
        `${verb} role ${identifier(role)} login nosuperuser password ${literal(passwords[name as keyof typeof roles])}`,
      );
    }
    await session.query(`create database ${identifier(databases.legacy)} owner ${identifier(roles.legacy)}`);
    await session.query(`create database ${identifier(databases.crm)} owner ${identifier(roles.owner)}`);
  });
  const manifest = new TruthManifest();
  let rows = 0;
  await withDatabase(superuserUrl, databases.legacy, async (session) => {
    // owned by the role that rowproof connects as: the triggers that capture changes need that
    await session.query(`grant create on schema public to ${identifier(roles.legacy)}`);
    await session.query(`set role ${identifier(roles.legacy)}; ${legacySchema}`);
    rows = await loadLegacy(session, options, manifest);
    await session.query(
      `grant select, insert, update, delete on all tables in schema public to ${identifier(roles.application)}`,
    );
    await session.query('reset role; analyze');
  });
  await withDatabase(superuserUrl, databases.crm, async (session) => {
    await session.query(`set role ${identifier(roles.owner)}; ${targetSchema}`);
  });
  writeUrl(folder, 'legacy.url', superuserUrl, databases.legacy, roles.legacy, passwords.legacy);
  writeUrl(folder, 'crm.url', superuserUrl, databases.crm, roles.owner, passwords.owner);
  const plan = join(folder, 'demo.yaml');
  writeFileSync(
    plan,
    demoPlan(manifest, options.capture).replace(
      /url_file: (\w+\.url)/g,
      (_, name: string) => `url_file: ${JSON.stringify(join(folder, name))}`,
    ),
  );
  writeFileSync(join(folder, 'truth-manifest.json'), JSON.stringify(manifest.planted), { mode: 0o600 });
  const counts = legacyCounts(options.rows);
  return {
    folder,
    plan,
    manifest,
    rows,
    applicationUrl: urlFor(superuserUrl, databases.legacy, roles.application, passwords.application),
    live: { customers: counts.tbl_cust, product: soundProduct(counts.tbl_prod, manifest) },
  };
}

async function loadLegacy(
  session: Session,
  options: { seed: number; rows: number },
  manifest: TruthManifest,
): Promise<number> {
  const generated = generateLegacy(options.seed, options.rows, manifest);
  let next = generated.next();
  let rows = 0;
  while (next.done !== true) {
    const { table } = next.value;
    rows += await copyIn(session, `public.${table} (${legacyColumns[table].join(', ')})`, chunks(table));
  }
  return rows;

  /** The rows of one table, as they come; stops at the first row of the next. */
  function* chunks(table: LegacyTable): Generator<(string | null)[][]> {
    let chunk: (string | null)[][] = [];
    for (; next.done !== true && next.value.table === table; next = generated.next()) {
      chunk.push(textOf(next.value));
      if (chunk.length >= 1000) {
        yield chunk;
        chunk = [];
      }
    }
    if (chunk.length > 0) yield chunk;
  }
}

function textOf({ table, row }: LegacyRow): (string | null)[] {
  return legacyColumns[table].map((column) => row[column] ?? null);
}

async function withDatabase(
  superuserUrl: string,
  database: string | null,
  work: (session: Session) => Promise<void>,
): Promise<void> {
  const url = new URL(superuserUrl);
  if (database !== null) url.pathname = `/${database}`;
  const spec: ConnectionSpec = {
    url: '${ROWPROOF_DEMO_URL}',
    urlFile: null,
    passwordFile: null,
    envPrefix: null,
    tls: { mode: null, caFile: null, certFile: null, keyFile: null },
  };
  const connection = await resolveConnection(spec, { ROWPROOF_DEMO_URL: url.toString() });
  const session = await openSession(connection, { applicationName: 'rowproof demo' });
  try {
    await work(session);
  } finally {
    await session.close();
  }
}

function writeUrl(
  folder: string,
  name: string,
  superuserUrl: string,
  database: string,
  role: string,
  password: string,
): void {
  writeFileSync(join(folder, name), `${urlFor(superuserUrl, database, role, password)}\n`, { mode: 0o600 });
}

function urlFor(superuserUrl: string, database: string, role: string, password: string): string {
  const url = new URL(superuserUrl);
  url.pathname = `/${database}`;
  url.username = role;
  url.password = password;
  return url.toString();
}

function secret(): string {
  return randomBytes(18).toString('hex');
}
