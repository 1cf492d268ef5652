import type { Session } from './session';
import { joinTransaction } from './transaction';

/**
 * Runs statements that make functions of the target run (triggers, CHECKs, defaults, generated columns, views, policies of an index)
 * with the search_path that the application has, in the open transaction or one of their own. Before and after, names are looked up
 * in pg_catalog alone: everything of ours is written with its schema.
 */
export async function asApplication<T>(session: Session, work: () => Promise<T>): Promise<T> {
  return joinTransaction(session, () => onPath(session, work));
}

async function onPath<T>(session: Session, work: () => Promise<T>): Promise<T> {
  const ours = await setPath(session, session.applicationPath);
  let value: T;
  try {
    value = await work();
  } catch (error) {
    // a transaction that failed takes the setting back when it ends, and a savepoint that is undone does too
    if (!session.closed) await setPath(session, ours).catch(() => undefined);
    throw error;
  }
  await setPath(session, ours);
  return value;
}

async function setPath(session: Session, path: string): Promise<string> {
  const { rows } = await session.query<{ before: string }>(
    `select before, pg_catalog.set_config('search_path', $1, true)
     from (select pg_catalog.current_setting('search_path') as before offset 0) as found`,
    [path],
  );
  return (rows[0] as { before: string }).before;
}
