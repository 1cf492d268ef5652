import type { Session } from '../../session';
import { copyIn } from '../../copy-stream';
import { integer, number } from '../../row';

/** A key of a captured relation that has to be read again; `key` null: the whole relation. */
export interface PendingKey {
  readonly relation: number;
  readonly key: string | null;
  /** Transaction (xid8 as text) that touched it; null: to be read at once. */
  readonly xid: string | null;
}

/** An entry that waits, with where it stands (tid) in which file of the table. */
export interface WaitingKey extends PendingKey {
  readonly place: string;
  readonly file: string;
}

/**
 * Adds keys in the caller's transaction. Each transaction that touched a key counts by itself: a snapshot may see the first of two and
 * not the second, and then the key has to be read for the first. Returns how many came in.
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
    `insert into rowproof.pending (run, source, relation, key, xid)
     select distinct $1, $2, relation, key, xid::xid8 from rowproof_pending_in
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

/** At most `limit` entries whose transaction the snapshot sees (or that have none), whole relations first; a key may come for several transactions. */
export async function readablePending(
  session: Session,
  run: string,
  source: string,
  snapshot: string,
  limit: number,
): Promise<WaitingKey[]> {
  const found: WaitingKey[] = [];
  // each by its own index, in whose order a backlog costs no sort
  for (const [which, order] of [
    ['key is null', 'relation'],
    ['key is not null', 'relation, key'],
  ] as const) {
    const { rows } = await session.query<
      Record<'relation' | 'place' | 'file', string> & Pick<PendingKey, 'key' | 'xid'>
    >(
      `select relation::text as relation, key, xid::text as xid, ctid::text as place, ${fileOfPending}::text as file
       from rowproof.pending
       where run = $1 and source = $2 and ${which} and (xid is null or pg_catalog.pg_visible_in_snapshot(xid, $3::pg_snapshot))
       order by run, source, ${order} limit ${Math.trunc(limit) - found.length}`,
      [run, source, snapshot],
    );
    for (const row of rows) found.push({ ...row, relation: integer(row, 'relation') });
  }
  return found;
}

/** Another one after VACUUM FULL or CLUSTER, which move rows and wait for whoever writes to the table. */
const fileOfPending = `pg_catalog.pg_relation_filenode('rowproof.pending'::pg_catalog.regclass)`;

/**
 * Takes away what the caller's transaction applied: for other transactions that touched the same keys they stay. Returns how many
 * were there; fewer than given when somebody moved or took them since they were read. By place, which costs a fraction of looking
 * them up by key: entries are never changed, and only the holder of the apply lease takes them away.
 */
export async function removePending(
  session: Session,
  run: string,
  source: string,
  keys: readonly WaitingKey[],
): Promise<number> {
  let removed = 0;
  for (const file of new Set(keys.map((one) => one.file))) {
    const places = keys.filter((one) => one.file === file).map(({ place }) => place);
    const { rowCount } = await session.query(
      `delete from rowproof.pending
       where ctid = any ($3::tid[]) and ${fileOfPending} = $4::oid and run = $1 and source = $2`,
      [run, source, places, file],
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
  return integer(rows[0], 'n');
}

/** Keys that wait, and how long the oldest has waited, seconds. */
export async function pendingLag(session: Session, run: string): Promise<{ keys: number; seconds: number }> {
  const { rows } = await session.query<{ n: string; seconds: string }>(
    `select pg_catalog.count(*)::text as n,
       coalesce(greatest(extract(epoch from pg_catalog.clock_timestamp() - pg_catalog.min(noted_at)), 0), 0)::text as seconds
     from rowproof.pending where run = $1`,
    [run],
  );
  return { keys: integer(rows[0], 'n'), seconds: number(rows[0], 'seconds') };
}
