import type { Session } from '../session';

/** Text of the snapshot that the session's transaction (or this statement alone) sees. */
export async function currentSnapshot(session: Session): Promise<string> {
  const { rows } = await session.query<{ snapshot: string }>(
    'select pg_catalog.pg_current_snapshot()::text as snapshot',
  );
  return (rows[0] as { snapshot: string }).snapshot;
}
