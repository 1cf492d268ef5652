import type { Session } from '../session';

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
