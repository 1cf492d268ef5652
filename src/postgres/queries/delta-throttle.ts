import type { Session } from '../session';

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

/** How far the slowest standby of the source is behind in applying, milliseconds; 0 without one. Its own walsender must be visible. */
export async function replicaLagMs(session: Session): Promise<number> {
  const { rows } = await session.query<{ ms: string }>(
    `select coalesce(pg_catalog.max(extract(epoch from replay_lag)), 0)::numeric * 1000 as ms from pg_catalog.pg_stat_replication`,
  );
  return Number(rows[0]?.ms ?? 0);
}

/** Sessions of this database that wait for a lock. */
export async function lockWaits(session: Session): Promise<number> {
  const { rows } = await session.query<{ n: string }>(
    `select pg_catalog.count(*)::text as n from pg_catalog.pg_stat_activity
     where wait_event_type = 'Lock' and datname = pg_catalog.current_database()`,
  );
  return Number(rows[0]?.n ?? 0);
}
