import type { IdentityItem } from '../../../cutover/table-identity';
import type { Session } from '../../session';

/**
 * When a table was looked at: `proved`, the target's table when its proof began; `frozen`, the source's when writers were stopped, or
 * when the proof of a source that was frozen first began.
 */
export type IdentityMoment = 'proved' | 'frozen';

/** Stores what a mapped table consists of, in place of what was stored, in the caller's transaction where there is one. */
export async function storeIdentity(
  session: Session,
  run: string,
  moment: IdentityMoment,
  mapping: string,
  items: readonly IdentityItem[],
): Promise<void> {
  await session.query(
    `insert into rowproof.table_identity (run, moment, mapping, items) values ($1, $2, $3, $4::jsonb)
     on conflict (run, moment, mapping) do update set items = excluded.items, taken_at = pg_catalog.clock_timestamp()`,
    [run, moment, mapping, JSON.stringify(items)],
  );
}

/** By mapping, where there is any. */
export async function readStoredIdentities(
  session: Session,
  run: string,
  moment: IdentityMoment,
): Promise<Map<string, readonly IdentityItem[]>> {
  const { rows } = await session.query<{ mapping: string; items: string }>(
    'select mapping, items::text as items from rowproof.table_identity where run = $1 and moment = $2 order by mapping',
    [run, moment],
  );
  return new Map(rows.map(({ mapping, items }) => [mapping, JSON.parse(items) as IdentityItem[]]));
}
