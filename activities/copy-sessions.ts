import type { RunRef } from '../src/contract/run';
import type { LoadedRun } from '../src/postgres/ledger/run';
import { setLockTimeout } from '../src/postgres/queries/copy-transaction';
import type { Session } from '../src/postgres/session';
import { terminateBackend } from '../src/postgres/terminate';
import type { CopyHost } from './copy-host';
import { lockTimeoutOf } from './copy-host';

interface Held {
  readonly session: Session;
  readonly side: 'source' | 'target';
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
    private readonly run: LoadedRun,
    private readonly source: string,
    private readonly purpose: string,
    private readonly signal: AbortSignal | undefined,
  ) {
    signal?.addEventListener('abort', this.onAbort, { once: true });
  }

  async openTarget(): Promise<Session> {
    this.signal?.throwIfAborted();
    const session = await this.host.databases.ledger(this.ref, this.purpose);
    this.hold({ session, side: 'target' });
    await setLockTimeout(session, lockTimeoutOf(this.run));
    return session;
  }

  async openSource(): Promise<Session> {
    this.signal?.throwIfAborted();
    const session = await this.host.databases.source(this.run.compiled, this.source, this.purpose);
    this.hold({ session, side: 'source' });
    return session;
  }

  private hold(held: Held): void {
    this.held.push(held);
    if (this.signal?.aborted === true) {
      held.session.destroy();
      this.signal.throwIfAborted();
    }
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
    await Promise.all((['source', 'target'] as const).map((side) => this.terminate(side, held)));
  }

  private async terminate(side: Held['side'], held: readonly Held[]): Promise<void> {
    const mine = held.filter((one) => one.side === side);
    if (mine.length === 0) return;
    try {
      const purpose = `end ${this.purpose}`;
      const session =
        side === 'target'
          ? await this.host.databases.ledger(this.ref, purpose)
          : await this.host.databases.source(this.run.compiled, this.source, purpose);
      try {
        for (const one of mine) await terminateBackend(session, one.session.pid, one.session.backendStart);
      } finally {
        await session.close();
      }
    } catch {
      // the sockets are gone; a takeover of the batch terminates what the server has not noticed yet
    }
  }
}
