import { Context } from '@temporalio/activity';
import type { RunRef } from '../src/contract/run';
import type { CompiledMapping } from '../src/contract/compiled';
import type { Databases } from '../src/postgres/databases';
import { readDecisions } from '../src/postgres/ledger/decision/copy-decision';
import type { LoadedRun } from '../src/postgres/ledger/run/run';
import { refreshStatistics } from '../src/postgres/ledger/run/statistics';
import { setTimeouts } from '../src/postgres/queries/schema-change/settings';
import type { Session } from '../src/postgres/session';
import { terminateBackend } from '../src/postgres/terminate';

/** What the activities around the copy stand on; `heartbeat` and `signal` default to those of the running activity. */
export interface StepHost {
  readonly databases: Databases;
  readonly heartbeat?: (details: Readonly<Record<string, string | number>>) => void;
  readonly signal?: () => AbortSignal | undefined;
}

/** One ledger session with all that a piece of work on the target needs. */
export interface StepWork {
  readonly run: LoadedRun;
  readonly mappings: readonly CompiledMapping[];
  readonly session: Session;
  /** Heartbeat and cancellation point between two statements. */
  readonly beat: () => void;
  readonly signal: AbortSignal | undefined;
}

function activityContext(): Context | null {
  try {
    return Context.current();
  } catch {
    return null;
  }
}

/**
 * Runs work on a ledger session of its own without a statement timeout (index builds last as long as they last), with
 * heartbeats by time. Cancellation destroys the socket and terminates the backend, which would go on building otherwise.
 */
export async function onTarget<T>(
  host: StepHost,
  ref: RunRef,
  purpose: string,
  work: (work: StepWork) => Promise<T>,
): Promise<T> {
  const context = activityContext();
  const heartbeat = host.heartbeat ?? ((details) => context?.heartbeat(details));
  const signal = host.signal === undefined ? context?.cancellationSignal : host.signal();
  const session = await host.databases.ledger(ref, purpose);
  let ending: Promise<void> | null = null;
  const onAbort = (): void => {
    session.destroy();
    ending ??= endBackend(host, ref, session);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  const beat = (): void => {
    signal?.throwIfAborted();
    heartbeat({ purpose });
  };
  const timer = setInterval(() => heartbeat({ purpose }), 2_000);
  try {
    if (signal?.aborted === true) onAbort();
    beat();
    const run = await host.databases.run(ref, session);
    await setTimeouts(session, { lockMs: lockTimeoutOf(run), statementMs: 0 });
    await refreshStatistics(session);
    return await work({ run, mappings: run.compiled.mappings, session, beat, signal });
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', onAbort);
    if (ending !== null) await (ending as Promise<void>);
    await session.close();
  }
}

async function endBackend(host: StepHost, ref: RunRef, session: Session): Promise<void> {
  try {
    const other = await host.databases.ledger(ref, 'end a cancelled step');
    try {
      await terminateBackend(other, session.pid, session.backendStart);
    } finally {
      await other.close();
    }
  } catch {
    // its socket is gone; a rollback terminates whoever still holds the step lock
  }
}

/** Short, so that a queue never builds up behind this run for long; attempts are repeated. */
export function lockTimeoutOf(run: LoadedRun): number {
  const { lockTimeoutMs } = run.compiled.plan.settings;
  return lockTimeoutMs > 0 ? lockTimeoutMs : 2_000;
}

export interface RunDecision {
  readonly finding: string;
  readonly action: string;
}

/** Operators' decisions, then the plan's: the first that matches counts. */
export async function decisionsOfRun(session: Session, run: LoadedRun): Promise<RunDecision[]> {
  const stored = await readDecisions(session, run.run);
  return [...stored, ...run.compiled.plan.decisions.map(({ finding, do: action }) => ({ finding, action }))];
}
