import type { Session } from './session';
import { flag } from './row';

/**
 * Terminates a backend, only when it still is the one that was recorded: pids are reused. False when it is gone already,
 * or when the role may not see or signal it. `session` is another session of the same server.
 */
export async function terminateBackend(session: Session, pid: number, backendStart: string): Promise<boolean> {
  const { rows } = await session.query<{ done: string }>(
    `select pg_catalog.pg_terminate_backend(pid)::text as done from pg_catalog.pg_stat_activity
     where pid = $1 and backend_start = $2::timestamptz`,
    [pid, backendStart],
  );
  return flag(rows[0], 'done');
}
