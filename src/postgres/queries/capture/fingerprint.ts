import { createHash } from 'node:crypto';
import type { CapturedRelation } from '../../../capture/captured-relations';
import type { CaptureFingerprint, ColumnFacts, RelationFacts, TriggerFacts } from '../../../capture/fingerprint';
import { captureSites, siteNames } from '../../../capture/trigger-sql';
import { qualified } from '../../../sql/quote';
import type { Session } from '../../session';
import { changeTableName } from './name';
import { readTrees } from './tree';
import { attributesOfType, labelsOfType, partsOfTypes } from '../discovery/type-parts';
import { flag, integer } from '../../row';

/**
 * What the capture of these relations stands on, by the catalogs as the session's snapshot sees them. `name` is that of the
 * triggers' capture; null leaves triggers and change table out.
 */
export async function readCaptureFingerprint(
  session: Session,
  relations: readonly CapturedRelation[],
  name: string | null,
): Promise<CaptureFingerprint> {
  const sites = captureSites(relations);
  const trees = await readTrees(
    session,
    sites.map(({ relation }) => relation),
  );
  const oids = [...trees.values()].flatMap((tree) => tree.map(({ oid }) => oid));
  const columns = await readColumns(session, oids);
  const secured = await securedRelations(session, oids);
  const triggers = name === null ? new Map<string, TriggerFacts[]>() : await readTriggers(session, oids, name);
  const unlogged = [...trees.values()].some((tree) => tree.some(({ persistence }) => persistence === 'u'));
  const facts = sites.map((site): RelationFacts => {
    const tree = trees.get(qualified(site.relation)) ?? [];
    const root = tree[0];
    const names = name === null ? null : siteNames(name, site);
    return {
      relation: site.relation,
      ids: site.keys.map(({ id }) => id),
      kind: root?.kind ?? null,
      oid: root?.oid ?? null,
      rowSecurity: root !== undefined && secured.has(root.oid),
      columns: root === undefined ? [] : (columns.get(root.oid) ?? []),
      tree: tree.map((node) => ({
        name: qualified(node),
        oid: node.oid,
        kind: node.kind,
        relfilenode: node.relfilenode,
        parents: node.parents,
        links: node.links,
      })),
      triggers: tree.flatMap((node) =>
        (triggers.get(node.oid) ?? [])
          .filter((one) => one.name === names?.rowTrigger || one.name === names?.truncateTrigger)
          .map((one) => ({ ...one, on: qualified(node) })),
      ),
    };
  });
  return {
    changeTable: name === null ? null : ((await changeTableFile(session, name)) ?? ''),
    server: await readServer(session, unlogged),
    relations: facts,
    tables: await tablesBeside(session, [...new Set(sites.map(({ relation }) => relation.schema))]),
  };
}

async function readColumns(session: Session, oids: readonly string[]): Promise<Map<string, ColumnFacts[]>> {
  const { rows } = await session.query<Record<string, string> & { labels: string | null }>(
    `with recursive ${partsOfTypes('select atttypid from pg_catalog.pg_attribute where attrelid = any ($1::oid[]) and attnum > 0')}
     select a.attrelid::text as relation, a.attname::text as name, a.attnum::text as number,
       pg_catalog.concat_ws(' ', a.atttypid, a.atttypmod, ${attributesOfType('a.atttypid')}) as type, a.attnotnull::text as not_null,
       a.attgenerated::text || coalesce((select ' ' || pg_catalog.md5(d.adbin::text) from pg_catalog.pg_attrdef d
         where a.attgenerated <> '' and d.adrelid = a.attrelid and d.adnum = a.attnum), '') as generated,
       a.attcollation::text as collation, ${labelsOfType('a.atttypid')}::text as labels
     from pg_catalog.pg_attribute a where a.attrelid = any ($1::oid[]) and a.attnum > 0 and not a.attisdropped
     order by a.attrelid, a.attnum`,
    [oids],
  );
  const found = new Map<string, ColumnFacts[]>();
  for (const row of rows) {
    const relation = row['relation'] as string;
    found.set(relation, [
      ...(found.get(relation) ?? []),
      {
        name: row['name'] as string,
        number: integer(row, 'number'),
        type: row['type'] as string,
        labels: row.labels === null ? null : (JSON.parse(row.labels) as string[]),
        notNull: flag(row, 'not_null'),
        generated: row['generated'] as string,
        collation: row['collation'] as string,
      },
    ]);
  }
  return found;
}

async function securedRelations(session: Session, oids: readonly string[]): Promise<Set<string>> {
  const { rows } = await session.query<{ oid: string }>(
    `select oid::text as oid from pg_catalog.pg_class where oid = any ($1::oid[]) and relrowsecurity and pg_catalog.row_security_active(oid)`,
    [oids],
  );
  return new Set(rows.map(({ oid }) => oid));
}

/**
 * Triggers of a capture by relation. xmin of both rows belongs to the digest: a trigger that was disabled and enabled again between
 * two rounds looks as before and has missed writes.
 */
async function readTriggers(
  session: Session,
  oids: readonly string[],
  name: string,
): Promise<Map<string, TriggerFacts[]>> {
  const { rows } = await session.query<{ relation: string; name: string; enabled: string; definition: string }>(
    `select t.tgrelid::text as relation, t.tgname::text as name, t.tgenabled::text as enabled,
       pg_catalog.jsonb_build_array(t.xmin::text, t.tgtype, t.tgfoid, t.tgqual is null, t.tgattr::text, t.tgnargs, t.tgdeferrable,
         p.xmin::text, p.prosrc, p.prosecdef, p.proconfig)::text as definition
     from pg_catalog.pg_trigger t join pg_catalog.pg_proc p on p.oid = t.tgfoid
     where t.tgrelid = any ($1::oid[]) and pg_catalog.starts_with(t.tgname::text, $2)
     order by t.tgrelid, t.tgname collate "C"`,
    [oids, `rowproof_${name}_`],
  );
  const found = new Map<string, TriggerFacts[]>();
  for (const row of rows) {
    const digest = createHash('sha256').update(row.definition).digest('hex').slice(0, 16);
    const facts = { on: '', name: row.name, enabled: row.enabled, digest };
    found.set(row.relation, [...(found.get(row.relation) ?? []), facts]);
  }
  return found;
}

/**
 * Which server this is: system identifier and timeline. With an unlogged table the start of the server counts too: after a crash it
 * comes back empty, and nothing marks that.
 */
export async function readServer(session: Session, unlogged: boolean): Promise<string> {
  // the function may be revoked; then the timeline alone tells
  const { rows } = await session.query<{ server: string }>(
    `select concat(
       case when pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute')
         then (select system_identifier::text from pg_catalog.pg_control_system()) end, '/',
       case when not pg_catalog.pg_is_in_recovery()
         then pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8) end,
       case when $1::bool then '/' || pg_catalog.pg_postmaster_start_time()::text end) as server`,
    [unlogged],
  );
  return rows[0]?.server ?? '';
}

/** Oid and file of the change table: emptied, it forgets changes. Null where it is not there. */
async function changeTableFile(session: Session, name: string): Promise<string | null> {
  const { rows } = await session.query<{ file: string }>(
    `select pg_catalog.concat(c.oid, ' ', c.relfilenode) as file from pg_catalog.pg_class c
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'rowproof' and c.relname = $1 and c.relkind = 'r'`,
    [changeTableName(name)],
  );
  return rows[0]?.file ?? null;
}

/** Null where the change table is not there. */
export async function changeTableOid(session: Session, name: string): Promise<string | null> {
  const { rows } = await session.query<{ oid: string }>(
    `select c.oid::text as oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'rowproof' and c.relname = $1 and c.relkind = 'r'`,
    [changeTableName(name)],
  );
  return rows[0]?.oid ?? null;
}

async function tablesBeside(session: Session, schemas: readonly string[]): Promise<string[]> {
  const { rows } = await session.query<{ name: string }>(
    `select n.nspname || '.' || c.relname as name from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = any ($1::text[]) and c.relkind in ('r', 'p', 'f') and not c.relispartition and c.relpersistence <> 't'
     order by n.nspname collate "C", c.relname collate "C"`,
    [schemas],
  );
  return rows.map(({ name }) => name);
}
