import { literal } from '../../../sql/quote';
import type { Session } from '../../session';
import { isLockTimeout } from '../../sqlstate';
import { number } from '../../row';

/** Begins a read-only transaction that sees what the snapshot of that exported id sees. */
export async function beginInSnapshot(session: Session, snapshotId: string): Promise<void> {
  await session.query('begin isolation level repeatable read read only');
  await session.query(`set transaction snapshot ${literal(snapshotId)}`);
}

/** How long the open transaction of this session has lasted, milliseconds. */
export async function transactionAgeMs(session: Session): Promise<number> {
  const { rows } = await session.query<{ age: string }>(
    `select greatest(0, extract(epoch from pg_catalog.clock_timestamp() - pg_catalog.transaction_timestamp()) * 1000)::bigint::text as age`,
  );
  return number(rows[0], 'age');
}

/** Waits until no other session takes an alignment of this run; until the session ends it is this one's turn. False at the lock timeout. */
export async function waitForTurn(session: Session, run: string): Promise<boolean> {
  try {
    await session.query('select pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended($1, 0))', [
      `rowproof alignment of ${run}`,
    ]);
    return true;
  } catch (error) {
    if (isLockTimeout(error)) return false;
    throw error;
  }
}
