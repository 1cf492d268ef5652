import type { Session } from '../../session';
import { describeDatabaseError } from '../../sqlstate';

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
 * One or more statements without values inside a savepoint, in one round trip: a data error undoes them and is returned as facts.
 * `send` gets the whole text and hands back what the server answered.
 */
export async function tryStatements<T>(
  session: Session,
  sql: string,
  send: (text: string) => Promise<T>,
): Promise<Tried<T>> {
  try {
    return { value: await send(`savepoint rowproof_try;\n${sql}\n;release savepoint rowproof_try`) };
  } catch (error) {
    return undo(session, error, false);
  }
}

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
    return undo(session, error, alsoUndo(error));
  }
}

async function undo(session: Session, error: unknown, anyway: boolean): Promise<Tried<never>> {
  const facts = describeDatabaseError(error);
  if (!facts.isDataError && !anyway) throw error;
  await session.query('rollback to savepoint rowproof_try; release savepoint rowproof_try');
  return { failed: { sqlstate: facts.sqlstate, constraint: facts.constraint, column: facts.column }, error };
}
