import { setTimeout as sleep } from 'node:timers/promises';
import type { RowproofError } from '../errors/rowproof-error';
import type { Session } from '../postgres/session';
import { isLockTimeout } from '../postgres/sqlstate';
import { terminateBackend } from '../postgres/terminate';

/** A backend that the ledger records as holder of a lock. Its start time tells it from a later one with the same pid. */
export interface Holder {
  readonly pid: number;
  readonly backendStart: string;
}

/** The holder that a row of the ledger names, as a list; none where it names none. */
export function recordedHolder(
  row: { readonly backendPid: number | null; readonly backendStart: string | null } | null,
): Holder[] {
  return row === null || row.backendPid === null || row.backendStart === null
    ? []
    : [{ pid: row.backendPid, backendStart: row.backendStart }];
}

export interface Taking {
  /** Who holds the lock by now; what no ledger records is waited for and never ended. */
  readonly holders: () => Promise<readonly Holder[]>;
  /** Lock timeouts after which whoever still holds the lock is given up. */
  readonly attempts: number;
  /** Lock timeouts to wait before a holder is ended. */
  readonly patience?: number;
  /** Milliseconds to rest after an attempt, so that others get their turn: a waiting lock holds up every reader behind it. */
  readonly backoffMs?: (attempt: number) => number;
  /** Ends the holders by other means than their recorded backends. */
  readonly endHolders?: () => Promise<void>;
  /** Heartbeat and cancellation point before each attempt. */
  readonly heartbeat?: () => void;
  /** What is raised when the lock stays taken; the lock timeout itself where it is absent. */
  readonly gaveUp?: (cause: unknown) => RowproofError;
}

/**
 * Does what needs a lock. Whoever holds it longer than lock_timeout is ended, when it is the backend that the ledger records, and the work
 * is tried again. Errors other than a lock timeout are raised as they are.
 */
export async function takeFromHolder<T>(session: Session, taking: Taking, work: () => Promise<T>): Promise<T> {
  const patience = taking.patience ?? 0;
  for (let attempt = 1; ; attempt += 1) {
    taking.heartbeat?.();
    try {
      return await work();
    } catch (error) {
      if (session.closed || !isLockTimeout(error)) throw error;
      if (attempt >= patience + taking.attempts) throw taking.gaveUp?.(error) ?? error;
    }
    if (attempt <= patience) continue;
    if (taking.endHolders !== undefined) await taking.endHolders();
    for (const { pid, backendStart } of await taking.holders())
      if (pid !== session.pid) await terminateBackend(session, pid, backendStart);
    if (taking.backoffMs !== undefined) await sleep(taking.backoffMs(attempt));
  }
}
