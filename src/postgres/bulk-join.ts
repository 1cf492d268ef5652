import type { Session } from './session';
import { joinTransaction } from './transaction';
import { integer } from './row';

/**
 * Work whose statements join whole tables: planned without nested loops, which compare every row with every other where the planner
 * takes one side for small. It often does: what rows a rule forbids is what no statistics tell.
 */
export async function joiningInBulk<T>(session: Session, work: () => Promise<T>): Promise<T> {
  return joinTransaction(session, async () => {
    await session.query(`select pg_catalog.set_config('enable_nestloop', 'off', true)`);
    const value = await work();
    // after an error the transaction is over, or its savepoint puts the setting back
    await session.query(`select pg_catalog.set_config('enable_nestloop', 'on', true)`);
    return value;
  });
}

/** The number `n` of a statement that joins whole tables. */
export async function countJoining(session: Session, sql: string, values?: readonly unknown[]): Promise<number> {
  const { rows } = await joiningInBulk(session, () => session.query<{ n: string }>(sql, values));
  return integer(rows[0], 'n');
}
