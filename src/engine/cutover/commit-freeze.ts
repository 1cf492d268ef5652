import { setTimeout as sleep } from 'node:timers/promises';
import { freezeBlock } from '../../cutover/write-block-sql';
import { fail } from '../../errors/rowproof-error';
import type { QualifiedName } from '../../contract/catalog';
import { backendLives } from '../../postgres/queries/cutover/barrier';
import { createWriteBlock, writableTree } from '../../postgres/queries/cutover/freeze-trigger';
import { during } from '../../postgres/refusal';
import type { Session } from '../../postgres/session';
import { dottedAll } from '../../sql/quote';
import { describeDatabaseError } from '../../postgres/sqlstate';
import { terminateBackend } from '../../postgres/terminate';
import type { Barrier } from './barrier';
import { frozenState, dropFreeze } from './freeze';
import type { SourceWorks } from './source-sessions';

/** A COMMIT that lasts longer (a synchronous standby that hangs) is ended, and looked up. */
const commitPatienceMs = 5_000;
/** How long a source that went away during COMMIT is waited for before the attempt ends without an answer. */
const lookupPatienceMs = 60_000;

/** Creates the freeze triggers in the transactions of the barrier: they count once these commit. */
export async function createFreeze(
  sessions: ReadonlyMap<string, Session>,
  relations: ReadonlyMap<string, readonly QualifiedName[]>,
  name: string,
  run: string,
): Promise<void> {
  for (const [source, session] of sessions) {
    // read again: a partition may have come since the list was made, and under the lock none can
    const tables = await writableTree(session, relations.get(source) ?? []);
    await during(`freezing ${dottedAll(tables)}`, () => createWriteBlock(session, freezeBlock(name, run), tables));
  }
}

/** Commits one source's barrier: true when the freeze stands, false when it certainly does not. RP5504 when nobody can say. */
async function commitFreeze(
  session: Session,
  reopen: () => Promise<Session>,
  name: string,
  relations: readonly QualifiedName[],
  heartbeat: () => void,
): Promise<boolean> {
  const timer = setTimeout(() => session.destroy(), commitPatienceMs);
  try {
    // an aborted transaction is answered with ROLLBACK
    return (await session.query('commit')).command === 'COMMIT';
  } catch (error) {
    const facts = describeDatabaseError(error);
    const { severity } = error as { severity?: unknown };
    if (facts.sqlstate !== null && severity === 'ERROR' && !facts.isConnectionLoss) return false;
  } finally {
    clearTimeout(timer);
  }
  session.destroy();
  return lookUp(session, reopen, name, relations, heartbeat);
}

/** Whether a COMMIT whose reply was lost took effect: asked once its backend is gone, since only then the answer stays. */
async function lookUp(
  lost: Session,
  reopen: () => Promise<Session>,
  name: string,
  relations: readonly QualifiedName[],
  heartbeat: () => void,
): Promise<boolean> {
  const begun = performance.now();
  for (;;) {
    heartbeat();
    try {
      const session = await reopen();
      while (await backendLives(session, lost.pid, lost.backendStart)) {
        await terminateBackend(session, lost.pid, lost.backendStart);
        await sleep(50);
      }
      return (await frozenState(session, name, relations)) !== 'none';
    } catch (error) {
      if (performance.now() - begun > lookupPatienceMs) {
        throw fail('RP5504', 'The connection to a source was lost while the freeze committed', { cause: error });
      }
      await sleep(500);
    }
  }
}

/**
 * All sources or none: a freeze that stands is released again when one after it does not. False when nothing is frozen; raises RP5504 where
 * that is not known.
 */
export async function commitAll(work: SourceWorks, barrier: Barrier): Promise<boolean> {
  const frozen: string[] = [];
  for (const [source, session] of barrier.sessions) {
    const relations = work.relations.get(source) ?? [];
    if (await commitFreeze(session, () => work.freshSource(source), work.name, relations, work.heartbeat)) {
      frozen.push(source);
      continue;
    }
    await barrier.release();
    for (const one of frozen) await dropFreeze(await work.source(one), work.name, work.releaseLimits, work.heartbeat);
    return false;
  }
  return true;
}
