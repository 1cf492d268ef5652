import type { RunRef } from '../contract/run';
import type { LoadedRun } from '../postgres/ledger/run/run';
import { setLockTimeout } from '../postgres/queries/copy/transaction';
import type { Session } from '../postgres/session';
import { terminateBackend } from '../postgres/terminate';
import type { CopyHost } from './copy/run-lookup';
import { lockTimeoutOf } from './copy/run-lookup';

interface Held {
  readonly session: Session;
  /** Opens another session of the same server. */
  readonly another: (purpose: string) => Promise<Session>;
}

/**
 * The sessions of one attempt. On cancellation their sockets are destroyed and their backends terminated through fresh
 * connections: no timeout and no cancel request ends a COPY that waits for a silent peer.
 */
export class CopySessions {
  private held: Held[] = [];
  private aborting: Promise<void> | null = null;
  private readonly onAbort = (): void => {
    this.aborting ??= this.abort();
  };

  constructor(
    private readonly host: CopyHost,
    private readonly ref: RunRef,
    private readonly purpose: string,
    private readonly signal: AbortSignal | undefined,
    /** Milliseconds to wait for a lock on the target; null: those of the plan. */
    private readonly lockMs: number | null = null,
  ) {
    signal?.addEventListener('abort', this.onAbort, { once: true });
  }

  /** A session on the target and the run as the ledger has it now. */
  async openTarget(): Promise<{ target: Session; run: LoadedRun }> {
    const target = await this.open((purpose) => this.host.databases.ledger(this.ref, purpose));
    const run = await this.host.databases.run(this.ref, target);
    await setLockTimeout(target, this.lockMs ?? lockTimeoutOf(run));
    return { target, run };
  }

  openSource(run: LoadedRun, source: string): Promise<Session> {
    return this.open((purpose) => this.host.databases.source(run.compiled, source, purpose));
  }

  private async open(another: Held['another']): Promise<Session> {
    this.signal?.throwIfAborted();
    const session = await another(this.purpose);
    this.held.push({ session, another });
    if (this.signal?.aborted === true) {
      session.destroy();
      this.signal.throwIfAborted();
    }
    return session;
  }

  /** Ends the sessions of a part that failed, so that the next part starts on fresh ones. */
  discard(): void {
    for (const { session } of this.held) session.destroy();
    this.held = [];
  }

  /** Ends everything: gently after success, by destroying after a failure; waits for an abort under way. */
  async end(succeeded: boolean): Promise<void> {
    this.signal?.removeEventListener('abort', this.onAbort);
    if (this.aborting !== null) await this.aborting;
    if (succeeded) await Promise.all(this.held.map(({ session }) => session.close()));
    this.discard();
  }

  private async abort(): Promise<void> {
    const held = this.held;
    for (const { session } of held) session.destroy();
    await Promise.all(held.map((one) => this.terminate(one)));
  }

  private async terminate({ session, another }: Held): Promise<void> {
    try {
      const fresh = await another(`end ${this.purpose}`);
      try {
        await terminateBackend(fresh, session.pid, session.backendStart);
      } finally {
        await fresh.close();
      }
    } catch {
      // the socket is gone; a takeover of the batch terminates what the server has not noticed yet
    }
  }
}
