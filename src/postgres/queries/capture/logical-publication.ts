import type { QualifiedName } from '../../../contract/catalog';
import type { IdentityFacts, PublicationFacts } from '../../../capture/logical-facts';
import { identifier, qualified } from '../../../sql/quote';
import type { Session } from '../../session';

/**
 * A publication of everything that happens to its tables, partitions under their own names: a TRUNCATE of one partition is not
 * published under the root's.
 */
export async function createPublication(session: Session, name: string): Promise<void> {
  await session.query(
    `create publication ${identifier(name)}
     with (publish = 'insert, update, delete, truncate', publish_via_partition_root = false)`,
  );
}

/** Adds a table, with its partitions of now and later, or its children by inheritance of now. Waits for no writer. */
export async function publishTable(session: Session, name: string, relation: QualifiedName): Promise<void> {
  await session.query(`alter publication ${identifier(name)} add table ${qualified(relation)}`);
}

export async function dropPublication(session: Session, name: string): Promise<void> {
  await session.query(`drop publication if exists ${identifier(name)}`);
}

/** Null when there is none of this name. */
export async function readPublication(session: Session, name: string): Promise<PublicationFacts | null> {
  const { rows } = await session.query<{ facts: string }>(
    `select pg_catalog.jsonb_build_object(
       'version', p.xmin::text || (select coalesce(pg_catalog.string_agg(' ' || r.prrelid || ':' || r.xmin::text, '' order by r.prrelid), '')
         from pg_catalog.pg_publication_rel r where r.prpubid = p.oid),
       'allTables', p.puballtables,
       'schemas', ${session.serverVersion >= 150000 ? '(select count(*) from pg_catalog.pg_publication_namespace s where s.pnpubid = p.oid)' : '0'},
       'viaRoot', p.pubviaroot,
       'operations', pg_catalog.array_remove(array[case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
         case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end], null),
       'tables', (select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('oid', r.prrelid::text, 'restricted',
           (pg_catalog.to_jsonb(r) ->> 'prqual') is not null or (pg_catalog.to_jsonb(r) ->> 'prattrs') is not null)
           order by r.prrelid), '[]') from pg_catalog.pg_publication_rel r where r.prpubid = p.oid))::text as facts
     from pg_catalog.pg_publication p where p.pubname = $1`,
    [name],
  );
  return rows[0] === undefined ? null : (JSON.parse(rows[0].facts) as PublicationFacts);
}

/** Replica identities of tables, by oid; those that are gone have no entry. Only an index that the server would use counts. */
export async function readIdentities(session: Session, oids: readonly string[]): Promise<IdentityFacts[]> {
  const { rows } = await session.query<{ oid: string; name: string; identity: string; columns: string }>(
    `select c.oid::text as oid, pg_catalog.format('%I.%I', n.nspname, c.relname) as name, c.relreplident::text as identity,
       coalesce((select pg_catalog.jsonb_agg(a.attname order by a.attnum)
         from pg_catalog.pg_index i join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey)
         where i.indrelid = c.oid and i.indisvalid and i.indimmediate and i.indpred is null
           and case c.relreplident when 'd' then i.indisprimary when 'i' then i.indisreplident else false end), '[]')::text as columns
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.oid = any ($1::oid[]) order by c.oid`,
    [oids],
  );
  return rows.map((row) => ({
    oid: row.oid,
    name: row.name,
    identity: row.identity,
    columns: row.identity === 'f' ? null : (JSON.parse(row.columns) as string[]),
  }));
}
