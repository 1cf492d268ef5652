import { literal } from '../../../sql/quote';
import { copyOut } from '../../copy-stream';
import type { LoadedRun } from '../../ledger/run/run';
import type { Session } from '../../session';
import { inTransaction } from '../../transaction';
import { changeTableOid } from './fingerprint';
import { captureName, changeTable } from './name';
import { integer, integerOrNull, number } from '../../row';

/** A key that changed; `key` null: the whole relation (TRUNCATE). */
export interface Change {
  readonly relation: number;
  readonly key: string | null;
}

/** Marks on one source that a snapshot does not see. */
export interface ChangeWindow {
  readonly source: string;
  readonly previous: string;
}

/** Marks of transactions that the session's snapshot sees and `previous` does not. Reaches the index on xid. */
function unseen(run: Pick<LoadedRun, 'run' | 'secret'>, { source, previous }: ChangeWindow): string {
  const snapshot = `${literal(previous)}::pg_catalog.pg_snapshot`;
  return `from ${changeTable(captureName(run, source))} m
    where m.xid >= pg_catalog.pg_snapshot_xmin(${snapshot}) and not pg_catalog.pg_visible_in_snapshot(m.xid, ${snapshot})`;
}

function distinctKeys(run: Pick<LoadedRun, 'run' | 'secret'>, window: ChangeWindow): string {
  return `select distinct u.relation, k.key from (select m.relation, m.old_key, m.new_key ${unseen(run, window)}) u
    cross join lateral (values (u.old_key), (u.new_key)) k (key)
    where k.key is not null or (u.old_key is null and u.new_key is null)`;
}

/** Plans with the index whatever the statistics of a young table say, and leaves the session as it was. */
async function byIndex<T>(session: Session, work: () => Promise<T>): Promise<T> {
  if (!session.inTransaction) return inTransaction(session, 'repeatable read read only', () => byIndex(session, work));
  await session.query('set local enable_seqscan = off');
  const value = await work();
  await session.query('set local enable_seqscan = on');
  return value;
}

/**
 * Distinct keys that changed between the snapshot `previous` and the session's own; at most `limit` + 1 of them, so that one
 * too many tells of more. Call it in the snapshot of a round.
 */
export async function changesBetween(
  session: Session,
  run: Pick<LoadedRun, 'run' | 'secret'>,
  window: ChangeWindow & { readonly limit: number },
): Promise<Change[]> {
  const { rows } = await byIndex(session, () =>
    session.query<{ relation: string; key: string | null }>(
      `${distinctKeys(run, window)} limit ${Math.trunc(window.limit) + 1}`,
    ),
  );
  return rows.map((row) => ({ relation: integer(row, 'relation'), key: row.key }));
}

/** Ids of relations with a whole-table change in the window, whatever else changed; none where the change table is gone, which the check names. */
export async function truncatedBetween(
  session: Session,
  run: Pick<LoadedRun, 'run' | 'secret'>,
  window: ChangeWindow,
): Promise<number[]> {
  if ((await changeTableOid(session, captureName(run, window.source))) === null) return [];
  const { rows } = await byIndex(session, () =>
    session.query<{ relation: string }>(
      `select distinct m.relation ${unseen(run, window)} and m.old_key is null and m.new_key is null order by 1`,
    ),
  );
  return rows.map((row) => integer(row, 'relation'));
}

/** All of the window in chunks, for moving a backlog to `pending`, in the order of its index. Leaving the loop early destroys the session. */
export async function* streamChanges(
  session: Session,
  run: Pick<LoadedRun, 'run' | 'secret'>,
  window: ChangeWindow & { readonly signal?: AbortSignal },
): AsyncGenerator<Change[]> {
  for await (const rows of copyOut(session, `${distinctKeys(run, window)} order by 1, 2`, window.signal)) {
    yield rows.map(([relation, key]) => ({ relation: Number(relation), key: key ?? null }));
  }
}

export interface ChangeLag {
  /** Marks outside the cursor's snapshot. */
  readonly changes: number;
  /** Age of the oldest of them, seconds; 0 when there is none. */
  readonly seconds: number;
  /** Bytes of the change table with its index. */
  readonly bytes: number;
}

/** How far the cursor is behind what is committed now. */
export async function changeLag(
  session: Session,
  run: Pick<LoadedRun, 'run' | 'secret'>,
  window: ChangeWindow,
): Promise<ChangeLag> {
  const { rows } = await byIndex(session, () =>
    session.query<{ changes: string; seconds: string; bytes: string }>(
      `select pg_catalog.count(*)::text as changes,
         coalesce(greatest(extract(epoch from pg_catalog.clock_timestamp() - pg_catalog.min(m.at)), 0), 0)::text as seconds,
         pg_catalog.pg_total_relation_size(${literal(changeTable(captureName(run, window.source)))}::regclass)::text as bytes
       ${unseen(run, window)}`,
    ),
  );
  const row = rows[0] as { changes: string; seconds: string; bytes: string };
  return { changes: integer(row, 'changes'), seconds: number(row, 'seconds'), bytes: integer(row, 'bytes') };
}

/** Bytes that changes take, free space left out as far as it matters: a table that was once large does not shrink by itself. */
export async function liveChangeBytes(session: Session, name: string): Promise<number> {
  const { rows } = await session.query<{ bytes: string }>(
    // 28 bytes of row header and pointer, 24 of the index entry, half of it again for pages that are not full
    `select (1.5 * coalesce(pg_catalog.sum(pg_catalog.pg_column_size(m.*) + 28 + 24), 0))::bigint::text as bytes from ${changeTable(name)} m`,
  );
  return integerOrNull(rows[0], 'bytes') ?? 0;
}

export async function changeTableBytes(session: Session, name: string): Promise<number | null> {
  const { rows } = await session.query<{ bytes: string | null }>(
    `select pg_catalog.pg_total_relation_size(pg_catalog.to_regclass($1))::text as bytes`,
    [changeTable(name)],
  );
  return integerOrNull(rows[0], 'bytes');
}

/** Finds the space of purged changes, so that new ones take it. */
export async function vacuumChanges(session: Session, name: string): Promise<void> {
  // giving space back at the end of the table would lock out every writer for a moment
  await session.query(`vacuum (analyze, truncate false) ${changeTable(name)}`);
}
