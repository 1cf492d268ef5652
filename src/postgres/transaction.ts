import { fail } from '../errors/rowproof-error';
import type { Session } from './session';
import { describeDatabaseError } from './sqlstate';

export type TransactionMode = 'read write' | 'repeatable read read only';

/** The reply to COMMIT was lost: it may or may not have taken effect. Look it up under the fence before doing anything. */
export class CommitUnknownError extends Error {
  override readonly name = 'CommitUnknownError';
}

const begin: Readonly<Record<TransactionMode, string>> = {
  'read write': 'begin isolation level read committed read write',
  'repeatable read read only': 'begin isolation level repeatable read read only',
};

/**
 * Runs `work` in a transaction of its own. Raises what `work` raised (after a rollback), RP3024 when COMMIT answered
 * ROLLBACK, CommitUnknownError when its reply was lost. The session is destroyed when it cannot be rolled back.
 */
export async function inTransaction<T>(session: Session, mode: TransactionMode, work: () => Promise<T>): Promise<T> {
  if (session.inTransaction) throw new Error('The session is in a transaction already');
  await session.query(begin[mode]);
  let value: T;
  try {
    value = await work();
  } catch (error) {
    await rollBack(session);
    throw error;
  }
  await commit(session);
  return value;
}

/** As inTransaction, read write; inside an open transaction the work becomes part of that one. */
export async function joinTransaction<T>(session: Session, work: () => Promise<T>): Promise<T> {
  return session.inTransaction ? work() : inTransaction(session, 'read write', work);
}

async function commit(session: Session): Promise<void> {
  let command: string;
  try {
    command = (await session.query('commit')).command;
  } catch (error) {
    const facts = describeDatabaseError(error);
    const severity = (error as { severity?: unknown }).severity;
    // only a plain ERROR of the server says that nothing was committed (a deferred constraint, a serialization failure);
    // FATAL can follow a local commit that waited for a standby
    if (facts.sqlstate !== null && severity !== 'FATAL' && severity !== 'PANIC' && !facts.isConnectionLoss) {
      await rollBack(session);
      throw error;
    }
    session.destroy();
    throw new CommitUnknownError('The reply to COMMIT was lost', { cause: error });
  }
  if (command !== 'COMMIT')
    throw fail('RP3024', 'The server answered COMMIT with ROLLBACK: a statement before it had failed');
}

async function rollBack(session: Session): Promise<void> {
  if (session.closed) return;
  try {
    await session.query('rollback');
  } catch {
    // what made us roll back is the error to report; a session that cannot is of no more use
    session.destroy();
  }
}
