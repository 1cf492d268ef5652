import { setTimeout as sleep } from 'node:timers/promises';
import { fail } from '../../../errors/rowproof-error';
import { unquoted } from '../../../sql/quote';
import { lockSteps, refuseAfterRollback } from '../../ledger/run/step';
import type { Session } from '../../session';
import { during } from '../../refusal';
import { isInsufficientPrivilege, isLockRefused } from '../../sqlstate';
import { inTransaction } from '../../transaction';
import { counted } from '../../../report/counted';

export interface StepOptions {
  /** What the transaction changes, for errors: a name, never a value. */
  readonly object: string;
  /** What it does, for sentences about what is refused: "adding foreign key x to crm.t". */
  readonly doing?: string;
  /** How often a lock that was not obtained within lock_timeout is asked for again. */
  readonly lockAttempts?: number;
  /** Rollback goes on where everything else is refused. */
  readonly rollback?: boolean;
  /** Called before every attempt: heartbeats. */
  readonly onAttempt?: () => void;
}

/**
 * One transaction that changes the target: under the run's step lock, refused (RP5104) once a rollback has begun, tried
 * again after a lock timeout or deadlock, RP5102 when locks are never obtained, RP5103 when the role may not.
 */
export async function changeTarget<T>(
  session: Session,
  run: string,
  options: StepOptions,
  work: () => Promise<T>,
): Promise<T> {
  const attempts = options.lockAttempts ?? 30;
  for (let attempt = 1; ; attempt++) {
    options.onAttempt?.();
    try {
      return await during(unquoted(options.doing ?? `changing ${options.object}`), () =>
        inTransaction(session, 'read write', async () => {
          await lockSteps(session, run);
          if (options.rollback !== true) await refuseAfterRollback(session, run);
          return work();
        }),
      );
    } catch (error) {
      const where = { object: options.object };
      if (isInsufficientPrivilege(error)) {
        // of a privilege that is missing the server names objects only
        const says = error instanceof Error ? ` PostgreSQL says: ${error.message}.` : '';
        throw fail('RP5103', `The role of the connection may not change ${options.object}`, {
          where,
          why: `It does not own the object, or lacks a privilege that is needed to create it again.${says}`,
          cause: error,
        });
      }
      if (!isLockRefused(error)) throw error;
      if (attempt >= attempts) {
        throw fail('RP5102', `No lock on ${options.object} after ${counted(attempts, 'attempt')}`, {
          where,
          cause: error,
        });
      }
      // other sessions get their turn between two attempts: a waiting ACCESS EXCLUSIVE holds up every reader behind it
      await sleep(Math.min(100 * attempt, 2_000));
    }
  }
}

/** Runs statements one after the other; sends nothing when there are none. */
export async function runStatements(session: Session, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await session.query(statement);
}

/** Limits of this session from here on, in milliseconds; 0 is none. */
export async function setTimeouts(session: Session, timeouts: { lockMs: number; statementMs: number }): Promise<void> {
  await session.query(
    `select pg_catalog.set_config('lock_timeout', $1, false), pg_catalog.set_config('statement_timeout', $2, false)`,
    [String(timeouts.lockMs), String(timeouts.statementMs)],
  );
}
