import type { Session } from '../../session';

/** Runs one statement under a savepoint; null when the data made it fail, which leaves the transaction usable. */
export async function tryStatement(session: Session, sql: string): Promise<number | null> {
  await session.query('savepoint rowproof_trial');
  try {
    const { rowCount } = await session.query(sql);
    await session.query('release savepoint rowproof_trial');
    return rowCount;
  } catch (error) {
    if (session.closed) throw error;
    await session.query('rollback to savepoint rowproof_trial');
    return null;
  }
}

export async function analyzeTemporary(session: Session, table: string): Promise<void> {
  await session.query(`analyze ${table}`);
}
