import { createHash } from 'node:crypto';
import type { QualifiedName } from '../../../contract/catalog';
import { replicaIdentityFull } from '../../../sql/replica-identity';
import { identifier, literal, qualified } from '../../../sql/quote';
import type { Session } from '../../session';
import { flag } from '../../row';

/** Name of the column of a held table that carries the source key; the others are those of the target table. */
export const deferredKey = 'rowproof_key';

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Table of the rows of one mapping that could be loaded, but do not fit with others; each has its row in quarantine. */
export function deferredTable(run: string, mapping: string): QualifiedName {
  return { schema: 'rowproof', name: `deferred_${digest(run)}_${digest(mapping)}` };
}

/** Names among these mappings that have a held table with rows in it. */
export async function deferredMappings(session: Session, run: string, mappings: readonly string[]): Promise<string[]> {
  const { rows } = await session.query<{ name: string }>(
    `select tablename as name from pg_catalog.pg_tables where schemaname = 'rowproof' and pg_catalog.starts_with(tablename::text, $1)`,
    [`deferred_${digest(run)}_`],
  );
  const found = new Set(rows.map((row) => row.name));
  const there = mappings.filter((mapping) => found.has(deferredTable(run, mapping).name));
  if (there.length === 0) return [];
  const { rows: filled } = await session.query<Record<string, string>>(
    `select ${there.map((name, index) => `(exists (select from ${qualified(deferredTable(run, name))}))::text as h${index}`).join(', ')}`,
  );
  return there.filter((_, index) => flag(filled[0], `h${index}`));
}

/** Creates the held table of a mapping in the caller's transaction: columns as the target has them, no rules. Idempotent. */
export async function createDeferred(
  session: Session,
  run: string,
  mapping: string,
  target: QualifiedName,
): Promise<void> {
  const table = deferredTable(run, mapping);
  const { rows } = await session.query<{ there: string }>(
    `select (pg_catalog.to_regclass(${literal(qualified(table))}) is not null)::text as there`,
  );
  if (flag(rows[0], 'there')) return;
  await session.query(
    `create table ${qualified(table)} as select null::text as ${identifier(deferredKey)}, t.* from ${qualified(target)} t with no data`,
  );
  await session.query(`create unique index on ${qualified(table)} (${identifier(deferredKey)})`);
  await session.query(replicaIdentityFull(qualified(table)));
}

/** Copies physical rows that are about to leave the target to the held table of their mapping, and forgets their provenance. */
export async function deferRows(
  session: Session,
  run: string,
  mapping: string,
  target: QualifiedName,
  rows: readonly { readonly table: string; readonly row: string; readonly sourceKey: string }[],
): Promise<void> {
  await createDeferred(session, run, mapping, target);
  const losers = JSON.stringify(rows.map(({ table, row, sourceKey }) => ({ table, row, key: sourceKey })));
  await session.query(
    `insert into ${qualified(deferredTable(run, mapping))}
     select l.key, t.* from jsonb_to_recordset($1::jsonb) as l ("table" oid, "row" tid, key text)
     join ${qualified(target)} t on t.ctid = l."row" and t.tableoid = l."table"`,
    [losers],
  );
  await session.query(
    `delete from rowproof.provenance where run = $1 and mapping = $2
       and source_key in (select l.key from jsonb_to_recordset($3::jsonb) as l (key text))`,
    [run, mapping, losers],
  );
}

/** Drops every held table of a run. */
export async function dropDeferred(session: Session, run: string): Promise<void> {
  const { rows } = await session.query<{ name: string }>(
    `select tablename as name from pg_catalog.pg_tables where schemaname = 'rowproof' and pg_catalog.starts_with(tablename::text, $1)`,
    [`deferred_${digest(run)}_`],
  );
  for (const { name } of rows) await session.query(`drop table ${qualified({ schema: 'rowproof', name })}`);
}

/** Source keys quarantined during the copy because of other rows (unique, foreign key): to be judged anew by a round. */
export async function crossRowQuarantined(
  session: Session,
  run: string,
): Promise<readonly { readonly mapping: string; readonly sourceKey: string }[]> {
  const { rows } = await session.query<{ mapping: string; source_key: string }>(
    `select mapping, source_key from rowproof.quarantine
     where run = $1 and batch is not null and sqlstate in ('23505', '23503', '23P01')
     order by mapping, source_key`,
    [run],
  );
  return rows.map((row) => ({ mapping: row.mapping, sourceKey: row.source_key }));
}
