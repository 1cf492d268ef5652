import { randomUUID } from 'node:crypto';
import type { RunRef } from '../../contract/run';
import type { ApplyLease } from '../../postgres/ledger/follow/apply-lease';
import {
  leaseHolder,
  lockApplyLease,
  moveApplyLease,
  readApplyLease,
  releaseApplyLease,
  takeApplyLease,
} from '../../postgres/ledger/follow/apply-lease';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import { currentSnapshot } from '../../postgres/queries/copy/transaction';
import type { Session } from '../../postgres/session';
import { terminateBackend } from '../../postgres/terminate';
import { inTransaction } from '../../postgres/transaction';
import { SessionScope } from '../session-scope';
import type { Host } from '../host';
import { underLeaseLock, leaseRefused, leaseLost } from '../lease';

/** One holder of the apply lease with the sessions it works on; they stay open from round to round. */
export class LeaseHolder {
  readonly nonce = randomUUID();
  private readonly sources = new Map<string, Session>();
  private readonly intakes = new Map<string, { source: Session; target: Session }>();
  private readonly sessions: SessionScope;
  private taken = false;

  private constructor(
    readonly host: Host,
    readonly ref: RunRef,
    purpose: string,
    readonly signal: AbortSignal | undefined,
    /** How long whoever is in the way is waited for; null as the plan says. */
    readonly lockMs: number | null,
  ) {
    this.sessions = new SessionScope(host, ref, purpose, lockMs);
  }

  /** Set by `open`. */
  run!: LoadedRun;
  target!: Session;

  /** Opens the sessions without taking the apply lease. `lockMs`: how long to wait for a lock on the target, null as the plan says. */
  static async connect(host: Host, ref: RunRef, purpose: string, lockMs: number | null = null): Promise<LeaseHolder> {
    const holder = new LeaseHolder(host, ref, purpose, host.signal?.(), lockMs);
    try {
      const { target, run } = await holder.sessions.openTarget();
      holder.target = target;
      holder.run = run;
      await Promise.all(holder.sourceNames.map((name) => holder.source(name)));
      return holder;
    } catch (error) {
      await holder.end(false);
      throw error;
    }
  }

  /** As connect, and takes the apply lease. */
  static async open(
    host: Host,
    ref: RunRef,
    purpose: string,
    patience = 0,
    lockMs: number | null = null,
  ): Promise<LeaseHolder> {
    const holder = await LeaseHolder.connect(host, ref, purpose, lockMs);
    try {
      await holder.take(patience);
      return holder;
    } catch (error) {
      await holder.end(false);
      throw error;
    }
  }

  /** Takes the apply lease; `patience`: lock timeouts to wait for a round of another holder before its backend is ended. */
  async take(patience = 0): Promise<ApplyLease> {
    const { target, nonce, run } = this;
    const lease = await underLeaseLock(target, run.run, 'delta', patience, () =>
      takeApplyLease(target, run.run, 'delta', nonce),
    );
    if (lease === null) throw leaseRefused(run.run, await readApplyLease(target, run.run, 'delta'));
    this.taken = true;
    return lease;
  }

  /** Sources that some mapping reads, in the order of their names: one order of work for every holder. */
  get sourceNames(): string[] {
    return [...new Set(this.run.compiled.mappings.map((mapping) => mapping.source))].sort();
  }

  async source(name: string): Promise<Session> {
    const known = this.sources.get(name);
    if (known !== undefined && !known.closed) return known;
    const fresh = await this.sessions.openSource(this.run, name);
    this.sources.set(name, fresh);
    return fresh;
  }

  /** One more session on the target, which ends with the others. */
  async anotherTarget(): Promise<Session> {
    return (await this.sessions.openTarget()).target;
  }

  /** Sessions of their own for what a slot delivers: those of the round are in its transactions. */
  async intake(name: string): Promise<{ source: Session; target: Session }> {
    const known = this.intakes.get(name);
    if (known !== undefined && !known.source.closed && !known.target.closed) return known;
    const source = await this.sessions.openSource(this.run, name);
    const fresh = { source, target: await this.anotherTarget() };
    this.intakes.set(name, fresh);
    return fresh;
  }

  /** The source's snapshot at this moment, outside the one of the round. */
  async snapshotNow(name: string): Promise<string> {
    const session = await this.sessions.openSource(this.run, name);
    const snapshot = await currentSnapshot(session);
    await session.close();
    return snapshot;
  }

  /**
   * After a lost COMMIT reply: waits under the apply lease lock for a commit still under way, or ends it, and goes on in a fresh session.
   * True when `committed` says so of the apply lease as it is then.
   */
  async resolveLostCommit(committed: (session: Session, lease: ApplyLease) => Promise<boolean>): Promise<boolean> {
    const { run } = this.run;
    const fresh = await this.anotherTarget();
    const found = await underLeaseLock(fresh, run, 'delta', 0, () =>
      inTransaction(fresh, 'read write', async () => {
        const lease = await lockApplyLease(fresh, run, 'delta');
        if (lease === null || lease.state !== 'open' || lease.owner !== this.nonce) throw leaseRefused(run, lease);
        return committed(fresh, lease);
      }),
    );
    if (!(await underLeaseLock(fresh, run, 'delta', 0, () => moveApplyLease(fresh, run, 'delta', this.nonce))))
      throw leaseLost(run);
    this.target = fresh;
    return found;
  }

  /** Ends the sessions of others that the ledger records as holders of an apply lease: what they have not committed is lost, and comes again. */
  async endOthers(): Promise<void> {
    const fresh = await this.anotherTarget();
    const own = new Set([this.target.pid, ...[...this.intakes.values()].map(({ target }) => target.pid)]);
    for (const name of ['delta', 'intake'] as const) {
      const lease = await readApplyLease(fresh, this.run.run, name);
      if (lease?.backendPid == null || lease.backendStart === null || own.has(lease.backendPid)) continue;
      await terminateBackend(fresh, lease.backendPid, lease.backendStart);
    }
    await fresh.close();
  }

  /** Gives the apply lease back; its sessions stay open until `end`. */
  async release(): Promise<void> {
    if (!this.taken || this.target.closed || this.target.inTransaction) return;
    this.taken = false;
    await releaseApplyLease(this.target, this.run.run, 'delta', this.nonce);
  }

  /** Ends all sessions, gently after success. */
  async end(succeeded: boolean): Promise<void> {
    if (succeeded) await this.release().catch(() => undefined);
    await this.sessions.end(succeeded);
  }
}

/** Purposes of holders that the background waits for instead of taking the apply lease away from them. */
const before = [' align ', ' drain'];

/** True while an aligned look or a cutover holds the apply lease. */
export async function isLent(session: Session, run: string): Promise<boolean> {
  const name = await leaseHolder(session, run, 'delta');
  return name !== null && before.some((purpose) => name.includes(purpose));
}
