import { setTimeout as sleep } from 'node:timers/promises';
import { barrierLockMs, backoffMs } from '../../cutover/lock-pace';
import { holdersSentence } from '../../cutover/words';
import type { QualifiedName } from '../../contract/catalog';
import { fail } from '../../errors/rowproof-error';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import { insertStep, readSteps, setStepState } from '../../postgres/ledger/run/step';
import { barrierHolders, beginBarrier, deadlockTimeoutMs, lockHolders } from '../../postgres/queries/cutover/barrier';
import {
  dropEmptySchema,
  dropWriteBlockFunction,
  dropWriteBlockTrigger,
  blockedRelations,
  writeBlockTriggers,
  writableTree,
} from '../../postgres/queries/cutover/freeze-trigger';
import { changeTarget } from '../../postgres/queries/schema-change/settings';
import { during } from '../../postgres/refusal';
import type { Session } from '../../postgres/session';
import { isLockMissed } from '../../postgres/sqlstate';
import { terminateBackend } from '../../postgres/terminate';
import { inTransaction } from '../../postgres/transaction';
import { dotted, qualified } from '../../sql/quote';
import { writeBlockName, relationsBySource } from '../run/relations';

export type Frozen = 'whole' | 'part' | 'none';

/** Whether the freeze of a run stands on a source: on every table into which a write can be addressed, or on some. */
export async function frozenState(source: Session, name: string, relations: readonly QualifiedName[]): Promise<Frozen> {
  const gated = new Set((await blockedRelations(source, name)).map(qualified));
  if (gated.size === 0) return 'none';
  const all = await writableTree(source, relations);
  return all.every((relation) => gated.has(qualified(relation))) ? 'whole' : 'part';
}

/** Records the intent to freeze, before anything is created: a rollback then looks for it. Idempotent. */
export async function recordFreeze(
  ledger: Session,
  run: LoadedRun,
  openSource: (name: string) => Promise<Session>,
  heartbeat: () => void,
): Promise<void> {
  const trigger = writeBlockName(run, 'freeze');
  for (const [source, captured] of relationsBySource(run)) {
    const relations = await writableTree(await openSource(source), captured);
    await changeTarget(ledger, run.run, { object: `the freeze of ${source}`, onAttempt: heartbeat }, async () => {
      const known = (await readSteps(ledger, run.run, 'freeze')).find(({ subject }) => subject === source);
      // lifted by `finish` meanwhile: it stands again
      if (known?.state === 'restored') await setStepState(ledger, run.run, known.ordinal, 'done');
      if (known !== undefined) return;
      await insertStep(ledger, run.run, 'freeze', source, { source, trigger, relations });
    });
  }
}

/**
 * Lets writers into a source again: drops what is left of the freeze, one table a transaction. A barrier of this run that is still under
 * way is ended first, so that it cannot freeze afterwards. RP5503 names who holds a table longer than the budget. Idempotent.
 */
export async function dropFreeze(
  source: Session,
  name: string,
  limits: { readonly lockMs: number; readonly budgetMs: number },
  heartbeat: () => void,
): Promise<void> {
  const lockMs = barrierLockMs(limits.lockMs, await deadlockTimeoutMs(source));
  const patiently = async (relation: QualifiedName | null, work: () => Promise<void>): Promise<void> => {
    const begun = performance.now();
    for (let attempt = 1; ; attempt++) {
      heartbeat();
      try {
        const of = relation === null ? '' : ` of ${dotted(relation)}`;
        await during(`releasing the freeze${of}`, () => underBarrierLock(source, name, lockMs, work));
        return;
      } catch (error) {
        if (!isLockMissed(error)) throw error;
        for (const { pid, backendStart } of await barrierHolders(source, name)) {
          await terminateBackend(source, pid, backendStart);
        }
        if (performance.now() - begun > limits.budgetMs) {
          const object = relation === null ? name : qualified(relation);
          const who = holdersSentence(relation === null ? [] : await lockHolders(source, [relation]));
          throw fail('RP5503', `No lock on ${object} to release the freeze; held by ${who}`, {
            where: { object },
            cause: error,
          });
        }
        await sleep(backoffMs(attempt, lockMs, Math.random()));
      }
    }
  };
  // first the lock alone: what a barrier under way creates is seen only once it has ended
  await patiently(null, () => Promise.resolve());
  for (const relation of await writeBlockTriggers(source, name)) {
    await patiently(relation, () => dropWriteBlockTrigger(source, name, relation));
  }
  await inTransaction(source, 'read write', async () => {
    await dropWriteBlockFunction(source, name);
    await dropEmptySchema(source);
  });
}

async function underBarrierLock(
  session: Session,
  name: string,
  lockMs: number,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await beginBarrier(session, name, { lockMs, idleMs: 60_000 });
    await work();
    await session.query('commit');
  } catch (error) {
    if (session.inTransaction && !session.closed) await session.query('rollback').catch(() => session.destroy());
    throw error;
  }
}
