import type { Session } from '../session';
import { describeDatabaseError } from '../sqlstate';

export type Tried<T> =
  | { readonly value: T }
  | {
      readonly failed: {
        readonly sqlstate: string | null;
        readonly constraint: string | null;
        readonly column: string | null;
      };
      /** For telling errors of the caller's own apart; its text may quote row values. */
      readonly error: unknown;
    };

/**
 * Work inside a savepoint: a data error (or what `alsoUndo` takes) undoes it and is returned as facts. Any other error is
 * raised and leaves the transaction to its owner.
 */
export async function inSavepoint<T>(
  session: Session,
  work: () => Promise<T>,
  alsoUndo: (error: unknown) => boolean = () => false,
): Promise<Tried<T>> {
  await session.query('savepoint rowproof_try');
  try {
    const value = await work();
    await session.query('release savepoint rowproof_try');
    return { value };
  } catch (error) {
    const facts = describeDatabaseError(error);
    if (!facts.isDataError && !alsoUndo(error)) throw error;
    await session.query('rollback to savepoint rowproof_try');
    await session.query('release savepoint rowproof_try');
    return { failed: { sqlstate: facts.sqlstate, constraint: facts.constraint, column: facts.column }, error };
  }
}
