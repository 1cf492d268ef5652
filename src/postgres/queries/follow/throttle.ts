import type { Session } from '../../session';
import { flag, integerOrNull, numberOrNull } from '../../row';

/** The one number of a query of the plan, in a read-only transaction; null when it gives none. */
export async function throttleNumber(session: Session, query: string): Promise<number | null> {
  await session.query('begin isolation level read committed read only');
  try {
    const { rows } = await session.query<Record<string, string | null>>(query);
    const value = Object.values(rows[0] ?? {})[0] ?? null;
    const number = value === null || value.trim() === '' ? Number.NaN : Number(value);
    return Number.isFinite(number) ? number : null;
  } finally {
    await session.query('rollback').catch(() => session.destroy());
  }
}

/**
 * How far the slowest standby of the source is behind in applying, milliseconds; 0 without one. One that got log and has not applied any
 * since it connected is behind for as long as it is connected: the server knows no better. Null when the role may not see standbys.
 */
export async function replicaLagMs(session: Session): Promise<number | null> {
  const { rows } = await session.query<{ ms: string; hidden: string }>(
    `select coalesce(pg_catalog.max(extract(epoch from case when replay_lag is not null then replay_lag
         when replay_lsn < sent_lsn then pg_catalog.clock_timestamp() - backend_start end)), 0)::numeric * 1000 as ms,
       coalesce(pg_catalog.bool_or(state is null), false)::text as hidden
     from pg_catalog.pg_stat_replication`,
  );
  return flag(rows[0], 'hidden') ? null : (numberOrNull(rows[0], 'ms') ?? 0);
}

/** Sessions of this database that wait for a lock; every role sees them. */
export async function lockWaits(session: Session): Promise<number> {
  const { rows } = await session.query<{ n: string }>(
    `select pg_catalog.count(distinct l.pid)::text as n
     from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a on a.pid = l.pid
     where not l.granted and a.datname = pg_catalog.current_database()`,
  );
  return integerOrNull(rows[0], 'n') ?? 0;
}
