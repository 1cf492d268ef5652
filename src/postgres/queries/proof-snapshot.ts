import { literal } from '../../sql/quote';
import type { Session } from '../session';

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
  return Number(rows[0]?.age);
}
