import type { CompiledMapping } from '../contract/compiled';
import type { RunRef } from '../contract/run';
import type { LoadedRun } from '../postgres/ledger/run/run';
import { refreshStatistics } from '../postgres/ledger/run/statistics';
import { setTimeouts } from '../postgres/queries/schema-change/settings';
import type { Session } from '../postgres/session';
import { heartbeatOf, type Host } from './host';
import { lockTimeoutOf } from './run-settings';
import { withSessions } from './session-scope';

/** One ledger session with all that a piece of work on the target needs. */
export interface TargetWork {
  readonly ref: RunRef;
  readonly run: LoadedRun;
  readonly mappings: readonly CompiledMapping[];
  readonly session: Session;
  /** Heartbeat and cancellation point between two statements. */
  readonly heartbeat: () => void;
  readonly signal: AbortSignal | undefined;
}

/** Runs work on a ledger session of its own without a statement timeout: index builds last as long as they last. */
export function onTarget<T>(
  host: Host,
  ref: RunRef,
  purpose: string,
  work: (work: TargetWork) => Promise<T>,
): Promise<T> {
  return withSessions(host, ref, purpose, async (scope) => {
    const session = await scope.openLedger();
    const heartbeat = heartbeatOf(host, purpose);
    heartbeat();
    const run = await host.databases.run(ref, session);
    await setTimeouts(session, { lockMs: lockTimeoutOf(run, 2_000), statementMs: 0 });
    await refreshStatistics(session);
    return work({ ref, run, mappings: run.compiled.mappings, session, heartbeat, signal: scope.signal });
  });
}
