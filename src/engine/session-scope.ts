import type { RunRef } from '../contract/run';
import type { LoadedRun } from '../postgres/ledger/run/run';
import { awaitsStandby } from '../postgres/queries/cutover/barrier';
import { setLockTimeout } from '../postgres/queries/copy/transaction';
import type { Session } from '../postgres/session';
import { terminateBackend } from '../postgres/terminate';
import { withHeartbeat, type Progress } from './heartbeat';
import type { Host } from './host';
import { lockTimeoutOf } from './run-settings';
import { watchForStall, type WatchedSession } from './stall-watch';

/**
 * The sessions of one piece of work. On cancellation their sockets are destroyed and their backends terminated through fresh
 * connections: no timeout and no cancel request ends a COPY that waits for a silent peer, or an index build.
 */
export class SessionScope {
  readonly signal: AbortSignal | undefined;
  private opened: WatchedSession[] = [];
  /** Of others, whose waits count for this work. */
  private beside: WatchedSession[] = [];
  private progress: Progress | null = null;
  private readonly endWatch: () => Promise<void>;
  private aborting: Promise<void> | null = null;
  private readonly onAbort = (): void => {
    this.aborting ??= this.abort();
  };

  constructor(
    private readonly host: Host,
    private readonly ref: RunRef,
    private readonly purpose: string,
    /** Milliseconds to wait for a lock on the target; null: those of the plan. */
    private readonly lockMs: number | null = null,
  ) {
    this.signal = host.signal?.();
    this.signal?.addEventListener('abort', this.onAbort, { once: true });
    this.endWatch = watchForStall(host, ref, {
      what: purpose,
      sessions: () => [...this.opened, ...this.beside],
      progress: () => this.progress,
    });
  }

  /** Rows and bytes by which the work is known to move. */
  measure(progress: Progress): void {
    this.progress = progress;
  }

  /** Looks at these sessions too when the work does not move; they are not ended with it. */
  lookAtToo(sessions: readonly WatchedSession[]): void {
    this.beside = [...sessions];
  }

  /** A session on the target as the connection gives it. */
  openLedger(): Promise<Session> {
    return this.open((purpose) => this.host.databases.ledger(this.ref, purpose));
  }

  /** A session on the target that waits for locks as the plan says, and the run as the ledger has it now. */
  async openTarget(): Promise<{ target: Session; run: LoadedRun }> {
    const target = await this.openLedger();
    const run = await this.host.databases.run(this.ref, target);
    await setLockTimeout(target, this.lockMs ?? lockTimeoutOf(run));
    return { target, run };
  }

  openSource(run: LoadedRun, source: string): Promise<Session> {
    return this.open((purpose) => this.host.databases.source(run.compiled, source, purpose));
  }

  private async open(another: WatchedSession['another']): Promise<Session> {
    this.signal?.throwIfAborted();
    const session = await another(this.purpose);
    this.opened.push({ session, another });
    if (this.signal?.aborted === true) {
      session.destroy();
      this.signal.throwIfAborted();
    }
    return session;
  }

  /** Ends the sessions of a part that failed, so that the next part starts on fresh ones. */
  discard(): void {
    for (const { session } of this.opened) session.destroy();
    this.opened = [];
  }

  /** Ends everything: gently, or by destroying what may be in the middle of a COPY; waits for an abort under way. */
  async end(gently: boolean): Promise<void> {
    this.signal?.removeEventListener('abort', this.onAbort);
    await this.endWatch();
    if (this.aborting !== null) await this.aborting;
    if (gently) await Promise.all(this.opened.map(({ session }) => session.close()));
    this.discard();
  }

  private async abort(): Promise<void> {
    const { opened } = this;
    for (const { session } of opened) session.destroy();
    await Promise.all(opened.map((one) => this.terminate(one)));
  }

  private async terminate({ session, another }: WatchedSession): Promise<void> {
    try {
      const fresh = await another(`end ${this.purpose}`);
      try {
        const { pid, backendStart } = session;
        // what it committed is there for good; ending its wait would only hide that the standby does not have it
        if (!(await awaitsStandby(fresh, pid, backendStart))) await terminateBackend(fresh, pid, backendStart);
      } finally {
        await fresh.close();
      }
    } catch {
      // the socket is gone; who takes the lock from this session terminates what the server has not noticed yet
    }
  }
}

/** Work on sessions of a scope of its own, with heartbeats by time; a cancelled call raises the reason of its cancellation. */
export function withSessions<T>(
  host: Host,
  ref: RunRef,
  purpose: string,
  work: (scope: SessionScope) => Promise<T>,
): Promise<T> {
  return withHeartbeat(host, { purpose }, async () => {
    const scope = new SessionScope(host, ref, purpose);
    try {
      scope.signal?.throwIfAborted();
      return await work(scope);
    } catch (error) {
      // a destroyed socket raises whatever it was doing; the reason is the cancellation
      scope.signal?.throwIfAborted();
      throw error;
    } finally {
      await scope.end(true);
    }
  });
}

/** A short piece of work on one ledger session, which is over before a cancellation could matter. */
export async function onLedger<T>(
  host: Host,
  ref: RunRef,
  purpose: string,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const another = (why: string): Promise<Session> => host.databases.ledger(ref, why);
  const session = await another(purpose);
  const endWatch = watchForStall(host, ref, {
    what: purpose,
    sessions: () => [{ session, another }],
    progress: () => null,
  });
  try {
    return await work(session);
  } finally {
    await endWatch();
    await session.close();
  }
}
