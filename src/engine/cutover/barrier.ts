import { setTimeout as sleep } from 'node:timers/promises';
import { barrierLockMs, backoffMs } from '../../cutover/lock-pace';
import { holdersSentence } from '../../cutover/words';
import type { QualifiedName } from '../../contract/catalog';
import {
  awaitsStandby,
  barrierHolders,
  backendLives,
  beginBarrier,
  deadlockTimeoutMs,
  limitBarrier,
  lockHolders,
  lockOutWriters,
} from '../../postgres/queries/cutover/barrier';
import { during } from '../../postgres/refusal';
import type { Session } from '../../postgres/session';
import { dottedAll } from '../../sql/quote';
import { terminateBackend } from '../../postgres/terminate';
import { isLockMissed } from '../../postgres/sqlstate';
import { faulty, type Breakable } from '../fault-injection';

/** Writers of every source are out while its sessions stay in their transactions. */
export interface Barrier {
  /** By source name, each in the transaction that holds the locks. */
  readonly sessions: ReadonlyMap<string, Session>;
  /** performance.now() of the first lock request of the attempt that got them all. */
  readonly since: number;
  readonly attempts: number;
  /** Ends the transactions: writers go on. Never raises; destroys what does not answer. */
  release(): Promise<void>;
}

export interface BarrierLimits extends Breakable {
  readonly lockTimeoutMs: number;
  readonly lockBudgetMs: number;
  /** A silent client loses its transaction after this long. */
  readonly idleMs: number;
}

export type BarrierAttempt = { readonly barrier: Barrier } | { readonly missed: string; readonly attempts: number };

/**
 * Locks the writers of all sources out, or says who was in the way when the budget is spent. A request that does not get its locks
 * within the timeout ends its transaction, so that whoever queued behind it goes on, and is made again after a rest.
 */
export async function takeBarrier(
  name: string,
  relations: ReadonlyMap<string, readonly QualifiedName[]>,
  sessions: ReadonlyMap<string, Session>,
  limits: BarrierLimits,
  heartbeat: () => void,
): Promise<BarrierAttempt> {
  const pace = new Map<string, number>();
  for (const [source, session] of sessions) {
    pace.set(source, barrierLockMs(limits.lockTimeoutMs, await deadlockTimeoutMs(session)));
  }
  const longest = Math.max(...pace.values());
  const begun = performance.now();
  for (let attempt = 1; ; attempt++) {
    heartbeat();
    const since = performance.now();
    let at = '';
    try {
      for (const [source, session] of sessions) {
        at = source;
        const lockMs = pace.get(source) as number;
        await beginBarrier(session, name, { lockMs, idleMs: limits.idleMs });
        const tables = relations.get(source) ?? [];
        const locking = `locking writers out of ${dottedAll(tables)}`;
        if (!faulty(limits, 'lock')) await during(locking, () => lockOutWriters(session, tables));
        await limitBarrier(session, limits.idleMs - (performance.now() - since));
      }
      return { barrier: { sessions, since, attempts: attempt, release: () => release(sessions) } };
    } catch (error) {
      await release(sessions);
      if (!isLockMissed(error)) throw error;
    }
    if (performance.now() - begun > limits.lockBudgetMs) {
      const session = sessions.get(at) as Session;
      const holders = session.closed ? [] : await lockHolders(session, relations.get(at) ?? []);
      return { missed: `${at}: ${holdersSentence(holders)}`, attempts: attempt };
    }
    await sleep(backoffMs(attempt, longest, Math.random()));
  }
}

/** Only for fault injection: lets the writers in and goes on as if they were out. */
export async function extendIdleTimeout({ sessions }: Barrier, name: string, ms: number): Promise<void> {
  await release(sessions);
  for (const session of sessions.values()) await beginBarrier(session, name, { lockMs: ms, idleMs: ms });
}

/**
 * Ends a barrier of this run that is still under way: its process was stopped, or is cut off, and its writers would wait until the server
 * notices. Waits until it is gone: only then what it committed, or not, stays so. One that committed and waits for a standby is left to it.
 */
export async function endBarrier(session: Session, name: string, heartbeat: () => void): Promise<void> {
  for (const { pid, backendStart } of await barrierHolders(session, name)) {
    while (await backendLives(session, pid, backendStart)) {
      if (await awaitsStandby(session, pid, backendStart)) break;
      heartbeat();
      await terminateBackend(session, pid, backendStart);
      await sleep(50);
    }
  }
}

async function release(sessions: ReadonlyMap<string, Session>): Promise<void> {
  await Promise.all(
    [...sessions.values()].map(async (session) => {
      if (session.closed || !session.inTransaction) return;
      await session.query('rollback').catch(() => session.destroy());
    }),
  );
}
