import type { QualifiedName } from '../../../contract/catalog';
import { qualified } from '../../../sql/quote';
import type { Session } from '../../session';

/** Target keys of source keys that the ledger remembers: what rows of these keys became. */
export async function provenanceOf(
  session: Session,
  run: string,
  mapping: string,
  sourceKeys: readonly string[],
): Promise<Map<string, string>> {
  const { rows } = await session.query<{ source_key: string; target_key: string }>(
    `select source_key, target_key from rowproof.provenance
     where run = $1 and mapping = $2 and source_key in (select pg_catalog.unnest($3::text[]))`,
    [run, mapping, sourceKeys],
  );
  return new Map(rows.map((row) => [row.source_key, row.target_key]));
}

/** Makes the snapshot of the open transaction known to other sessions. */
export async function exportSnapshot(session: Session): Promise<string> {
  const { rows } = await session.query<{ id: string }>('select pg_catalog.pg_export_snapshot() as id');
  return (rows[0] as { id: string }).id;
}

/**
 * True when one of these tables (or what hangs on it) was truncated or rewritten after the session's snapshot: such a table
 * looks empty to it, whatever the snapshot says. Asked after reading, when the tables are locked against it.
 */
export async function rewrittenSince(session: Session, relations: readonly QualifiedName[]): Promise<boolean> {
  const { rows } = await session.query<{ n: string }>(
    `with recursive tree (oid) as (
       select pg_catalog.to_regclass(name)::oid from pg_catalog.unnest($1::text[]) as given (name)
       union select i.inhrelid from pg_catalog.pg_inherits i join tree t on i.inhparent = t.oid)
     select pg_catalog.count(*)::text as n from tree t join pg_catalog.pg_class c on c.oid = t.oid
     where c.relfilenode <> 0 and c.relfilenode is distinct from pg_catalog.pg_relation_filenode(c.oid)`,
    [relations.map(qualified)],
  );
  return rows[0]?.n !== '0';
}
