import type { Session } from '../../session';

/**
 * No statement or idle timeout inside a batch: they would end a long read, or the source's snapshot while the target
 * commits. Stalled attempts are ended by takeover and cancellation.
 */
export async function disableTimeouts(session: Session): Promise<void> {
  await session.query(
    `select set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)`,
  );
}

export async function setLockTimeout(session: Session, milliseconds: number): Promise<void> {
  await session.query(`select set_config('lock_timeout', $1, false)`, [String(milliseconds)]);
}

/** The snapshot of the transaction, as text. */
export async function currentSnapshot(session: Session): Promise<string> {
  const { rows } = await session.query<{ snapshot: string }>('select pg_current_snapshot()::text as snapshot');
  return (rows[0] as { snapshot: string }).snapshot;
}

/** The transaction's id as `xmin::text` shows it in the rows it writes. */
export async function currentXmin(session: Session): Promise<string> {
  const { rows } = await session.query<{ xid: string }>('select pg_current_xact_id()::xid::text as xid');
  return (rows[0] as { xid: string }).xid;
}

/** Deferred constraints and constraint triggers speak at once, so that a bad row is seen in its own savepoint. */
export async function checkConstraintsAtOnce(session: Session): Promise<void> {
  await session.query('set constraints all immediate');
}
