import type { Session } from '../session';
import { copyIn } from '../copy-stream';

/** A key of a captured relation that has to be read again; `key` null: the whole relation. */
export interface PendingKey {
  readonly relation: number;
  readonly key: string | null;
  /** Transaction (xid8 as text) that touched it last; null: to be read at once. */
  readonly xid: string | null;
}

/**
 * Adds keys in the caller's transaction, each once, in the order of their commits: the last transaction that touched a key
 * is the one to wait for, since it could only touch it when the others were visible. The highest xid is not the last:
 * a transaction that began long ago may commit late. No xid keeps the one that is there. Whole relations are kept once for each
 * transaction: those need not wait for one another (partitions). Returns how many came in.
 */
export async function addPending(
  session: Session,
  run: string,
  source: string,
  keys: AsyncIterable<readonly PendingKey[]>,
): Promise<number> {
  await session.query(
    `create temporary table if not exists rowproof_pending_in (n bigint generated always as identity, relation int, key text, xid text)
     on commit delete rows`,
  );
  async function* rows(): AsyncGenerator<(string | null)[][]> {
    for await (const chunk of keys) yield chunk.map(({ relation, key, xid }) => [String(relation), key, xid]);
  }
  const count = await copyIn(session, 'rowproof_pending_in (relation, key, xid)', rows());
  await session.query(
    `insert into rowproof.pending as p (run, source, relation, key, xid)
     select distinct on (relation, key) $1, $2, relation, key, xid::xid8 from rowproof_pending_in where key is not null
     order by relation, key, xid is null, n desc
     on conflict (run, source, relation, key) where key is not null
       do update set xid = coalesce(excluded.xid, p.xid)`,
    [run, source],
  );
  await session.query(
    `insert into rowproof.pending (run, source, relation, key, xid)
     select distinct $1, $2, relation, null::text, xid::xid8 from rowproof_pending_in where key is null
     on conflict do nothing`,
    [run, source],
  );
  return count;
}

/**
 * Adds the keys of a whole window, each of which comes once and without a transaction. Where nothing of the source waits, which
 * is the rule, they go straight in.
 */
export async function addBacklog(
  session: Session,
  run: string,
  source: string,
  keys: AsyncIterable<readonly PendingKey[]>,
): Promise<number> {
  const { rows: waiting } = await session.query(
    'select 1 from rowproof.pending where run = $1 and source = $2 limit 1',
    [run, source],
  );
  if (waiting.length > 0) return addPending(session, run, source, keys);
  async function* rows(): AsyncGenerator<(string | null)[][]> {
    for await (const chunk of keys) yield chunk.map(({ relation, key }) => [run, source, String(relation), key]);
  }
  return copyIn(session, 'rowproof.pending (run, source, relation, key)', rows());
}

/** At most `limit` keys whose transaction the snapshot sees (or that have none), whole relations first. */
export async function readablePending(
  session: Session,
  run: string,
  source: string,
  snapshot: string,
  limit: number,
): Promise<PendingKey[]> {
  const found: PendingKey[] = [];
  // each by its own index, in whose order a backlog costs no sort
  for (const [which, order] of [
    ['key is null', 'relation'],
    ['key is not null', 'relation, key'],
  ] as const) {
    const { rows } = await session.query<{ relation: string; key: string | null; xid: string | null }>(
      `select relation::text as relation, key, xid::text as xid from rowproof.pending
       where run = $1 and source = $2 and ${which} and (xid is null or pg_catalog.pg_visible_in_snapshot(xid, $3::pg_snapshot))
       order by run, source, ${order} limit ${Math.trunc(limit) - found.length}`,
      [run, source, snapshot],
    );
    for (const row of rows) found.push({ relation: Number(row.relation), key: row.key, xid: row.xid });
  }
  return found;
}

/** Takes keys away that the caller's transaction applied, but only where no newer transaction touched them meanwhile. */
export async function removePending(
  session: Session,
  run: string,
  source: string,
  keys: readonly PendingKey[],
): Promise<number> {
  let removed = 0;
  // `is not distinct from` would compare every key with every other
  for (const [whole, same] of [
    [true, 'p.key is null'],
    [false, 'p.key = g.key'],
  ] as const) {
    const given = keys.filter(({ key }) => (key === null) === whole);
    if (given.length === 0) continue;
    const { rowCount } = await session.query(
      `delete from rowproof.pending p using unnest($3::int[], $4::text[], $5::text[]) as g (relation, key, xid)
       where p.run = $1 and p.source = $2 and p.relation = g.relation and ${same}
         and p.xid::text is not distinct from g.xid`,
      [run, source, given.map((one) => one.relation), given.map((one) => one.key), given.map((one) => one.xid)],
    );
    removed += rowCount;
  }
  return removed;
}

/** Keys that wait, by source. */
export async function countPending(session: Session, run: string): Promise<number> {
  const { rows } = await session.query<{ n: string }>(
    'select count(*)::text as n from rowproof.pending where run = $1',
    [run],
  );
  return Number(rows[0]?.n);
}

/** Keys that wait, and how long the oldest has waited, seconds. */
export async function pendingLag(session: Session, run: string): Promise<{ keys: number; seconds: number }> {
  const { rows } = await session.query<{ n: string; seconds: string }>(
    `select pg_catalog.count(*)::text as n,
       coalesce(greatest(extract(epoch from pg_catalog.clock_timestamp() - pg_catalog.min(noted_at)), 0), 0)::text as seconds
     from rowproof.pending where run = $1`,
    [run],
  );
  return { keys: Number(rows[0]?.n), seconds: Number(rows[0]?.seconds) };
}
