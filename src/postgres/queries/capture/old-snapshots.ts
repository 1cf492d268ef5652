import type { Session } from '../../session';

/** Who has kept a snapshot or a transaction open for more than an hour: vacuum removes nothing that is younger. Ids of prepared ones are the application's. */
export async function oldSnapshots(session: Session): Promise<string[]> {
  const { rows } = await session.query<{ holder: string }>(
    `select coalesce(nullif(a.application_name, ''), 'a session') || ' (pid ' || a.pid::text || ')' as holder
     from pg_catalog.pg_stat_activity a where a.backend_xmin is not null and a.backend_type = 'client backend'
       and a.xact_start < pg_catalog.clock_timestamp() - interval '1 hour'
     union all
     select 'a prepared transaction of user ' || x.owner from pg_catalog.pg_prepared_xacts x
     where x.prepared < pg_catalog.clock_timestamp() - interval '1 hour'
     limit 5`,
  );
  return rows.map(({ holder }) => holder);
}
