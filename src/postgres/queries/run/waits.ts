import type { Session } from '../../session';

/** What one backend does or waits for, as its server sees it. Names of objects and applications, no statement. */
export interface Waiting {
  readonly pid: number;
  /** `Lock/relation`, `IO/DataFileRead`; null while it works and waits for nothing. */
  readonly event: string | null;
  readonly active: boolean;
  /** A lock that it was not granted, such as `AccessShareLock on shop.orders`; null where it waits for none. */
  readonly lock: string | null;
  /** Who is in the way, such as `4711 (psql)`. */
  readonly blockers: readonly string[];
  /** Figures of a build or ANALYZE under way, null where it makes none: they move as the work does. */
  readonly progress: string | null;
}

/** `pids` as the server of `session` sees them; a backend that is gone is left out. Bounded to 5 seconds. */
export async function readWaits(session: Session, pids: readonly number[]): Promise<Waiting[]> {
  await session.query(`select pg_catalog.set_config('statement_timeout', '5000', false)`);
  const { rows } = await session.query<{
    pid: string;
    event: string | null;
    active: string;
    lock: string | null;
    blockers: string;
    progress: string | null;
  }>(
    `select a.pid, a.wait_event_type || '/' || a.wait_event as event, coalesce(a.state = 'active', false)::int as active,
       (select l.mode || ' on ' || coalesce(l.relation::pg_catalog.regclass::text, l.locktype)
        from pg_catalog.pg_locks l where l.pid = a.pid and not l.granted limit 1) as lock,
       (select coalesce(pg_catalog.json_agg(case when blocker.pid = 0 then 'a prepared transaction'
            else pg_catalog.format('%s (%s)', blocker.pid, coalesce(nullif(b.application_name, ''), 'no application_name')) end), '[]')
        from (select distinct pid from pg_catalog.unnest(pg_catalog.pg_blocking_pids(a.pid)) as pid) blocker
        left join pg_catalog.pg_stat_activity b on b.pid = blocker.pid) as blockers,
       coalesce(
         (select pg_catalog.concat_ws(' ', p.index_relid, p.phase, p.blocks_done, p.tuples_done, p.lockers_done, p.partitions_done)
          from pg_catalog.pg_stat_progress_create_index p where p.pid = a.pid),
         (select pg_catalog.concat_ws(' ', p.relid, p.phase, p.sample_blks_scanned, p.child_tables_done)
          from pg_catalog.pg_stat_progress_analyze p where p.pid = a.pid)) as progress
     from pg_catalog.pg_stat_activity a where a.pid = any ($1::int[]) order by a.pid`,
    [pids],
  );
  return rows.map(({ pid, event, active, lock, blockers, progress }) => ({
    pid: Number(pid),
    event,
    active: active === '1',
    lock,
    blockers: JSON.parse(blockers) as string[],
    progress,
  }));
}
