import type { Session } from '../session';
import { copyIn } from '../copy-stream';

/** A key of a captured relation that has to be read again; `key` null: the whole relation. */
export interface PendingKey {
  readonly relation: number;
  readonly key: string | null;
  /** Newest transaction (xid8 as text) that touched it; null: to be read at once. */
  readonly xid: string | null;
}

/**
 * Adds keys in the caller's transaction; a key that is there keeps its newest xid (no xid counts as old). Returns how many
 * came in.
 */
export async function addPending(
  session: Session,
  run: string,
  source: string,
  keys: AsyncIterable<readonly PendingKey[]>,
): Promise<number> {
  await session.query(
    'create temporary table if not exists rowproof_pending_in (relation int, key text, xid text) on commit delete rows',
  );
  async function* rows(): AsyncGenerator<(string | null)[][]> {
    for await (const chunk of keys) yield chunk.map(({ relation, key, xid }) => [String(relation), key, xid]);
  }
  const count = await copyIn(session, 'rowproof_pending_in (relation, key, xid)', rows());
  await session.query(
    `insert into rowproof.pending as p (run, source, relation, key, xid)
     select $1, $2, relation, key, max(xid::xid8) from rowproof_pending_in where key is not null group by relation, key
     on conflict (run, source, relation, key) where key is not null
       do update set xid = greatest(p.xid, excluded.xid)`,
    [run, source],
  );
  await session.query(
    `insert into rowproof.pending as p (run, source, relation, key, xid)
     select $1, $2, relation, null, max(xid::xid8) from rowproof_pending_in where key is null group by relation
     on conflict (run, source, relation) where key is null
       do update set xid = greatest(p.xid, excluded.xid)`,
    [run, source],
  );
  return count;
}

/** At most `limit` keys whose transaction the snapshot sees (or that have none), whole relations first. */
export async function readablePending(
  session: Session,
  run: string,
  source: string,
  snapshot: string,
  limit: number,
): Promise<PendingKey[]> {
  const { rows } = await session.query<{ relation: string; key: string | null; xid: string | null }>(
    `select relation::text as relation, key, xid::text as xid from rowproof.pending
     where run = $1 and source = $2 and (xid is null or pg_catalog.pg_visible_in_snapshot(xid, $3::pg_snapshot))
     order by (key is null) desc, relation limit ${Math.trunc(limit)}`,
    [run, source, snapshot],
  );
  return rows.map((row) => ({ relation: Number(row.relation), key: row.key, xid: row.xid }));
}

/** Takes keys away that the caller's transaction applied, but only where no newer transaction touched them meanwhile. */
export async function removePending(
  session: Session,
  run: string,
  source: string,
  keys: readonly PendingKey[],
): Promise<number> {
  const { rowCount } = await session.query(
    `delete from rowproof.pending p using pg_catalog.jsonb_to_recordset($3::jsonb) as g (relation int, key text, xid text)
     where p.run = $1 and p.source = $2 and p.relation = g.relation and p.key is not distinct from g.key
       and p.xid::text is not distinct from g.xid`,
    [run, source, JSON.stringify(keys)],
  );
  return rowCount;
}

/** Keys that wait, by source. */
export async function countPending(session: Session, run: string): Promise<number> {
  const { rows } = await session.query<{ n: string }>(
    'select count(*)::text as n from rowproof.pending where run = $1',
    [run],
  );
  return Number(rows[0]?.n);
}
