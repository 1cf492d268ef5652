import type { TestDatabase } from './postgres/postgres';

/** What is left of a capture on a source: publications, slots of its database, the change log of triggers; empty once a run has ended. */
export async function captureLeft(source: TestDatabase): Promise<string[]> {
  const rows = await source.query<{ name: string }>(
    `select 'publication ' || pubname as name from pg_publication
     union all select 'slot ' || slot_name from pg_replication_slots where database = current_database()
     union all select 'relation ' || relname from pg_class where relnamespace = to_regnamespace('rowproof')
     union all select 'trigger ' || tgname from pg_trigger where not tgisinternal and tgname !~ 'freeze'
     order by 1`,
  );
  return rows.map(({ name }) => name);
}
