import { fail } from '../../errors/rowproof-error';
import { appendEvent } from '../../postgres/ledger/run/event';
import { dropDeferred } from '../../postgres/ledger/quarantine/deferred';
import { lockSteps, readSteps, setStepState } from '../../postgres/ledger/run/step';
import { deleteRun, dropLedger, lockRunEnd, remainingRuns } from '../../postgres/queries/rollback/finish';
import { replaceInSentence } from '../../postgres/ledger/run/run';
import { dropTable } from '../../postgres/queries/rollback/rows';
import { scopeTable } from '../../postgres/queries/settle/settle';
import type { Session } from '../../postgres/session';
import { inTransaction } from '../../postgres/transaction';
import { freedWriters, stoppedWriters, releasedFirst } from '../../progress/stopped-writers';
import { patternOf } from '../run/pattern-of';
import type { TargetWork } from '../target-work';
import { releaseFreeze } from './restore-sources';
import type { Host } from '../host';
import { removeCaptureOf } from '../capture/install-capture';

export interface RemovedRun {
  readonly removed: boolean;
  /** Runs that the ledger still holds; it is gone when there is none. */
  readonly left: readonly string[];
  /** Sources that take writes again. */
  readonly freed: readonly string[];
  /** The run is not over: only its freeze was released. */
  readonly needed: boolean;
}

/**
 * One transaction: either all of the run is gone from the ledger, or none. The ledger itself goes when no run is left but
 * those that left nothing on the target. Of a run that still needs its ledger nothing but the freeze is taken away, and that only
 * with `liftFreeze`; RP7003 otherwise.
 */
export async function removeRun(host: Host, work: TargetWork, releaseFreeze = false): Promise<RemovedRun> {
  const { session, run } = work;
  const state = await inTransaction(session, 'read write', () => lockRunEnd(session, run.run));
  if (state === 'needed' && releaseFreeze) {
    const freed = await freeWriters(host, work);
    await sayFreed(work, freed);
    return { removed: false, left: [run.run], freed, needed: true };
  }
  const freed = state === 'ended' ? await freeSources(host, work) : [];
  return inTransaction(session, 'read write', async () => {
    await lockSteps(session, run.run);
    const end = await lockRunEnd(session, run.run);
    if (end === 'needed')
      throw fail('RP7003', `Run ${run.run} is neither complete nor rolled back`, { where: { object: run.run } });
    if (end === 'ended') await removeOne(session, run.run);
    const others = await remainingRuns(session);
    if (others.some(({ spent }) => !spent)) {
      return { removed: end === 'ended', left: others.map((other) => other.run), freed, needed: false };
    }
    for (const other of others) await removeOne(session, other.run);
    await dropLedger(session);
    return { removed: end === 'ended', left: [], freed, needed: false };
  });
}

/** The freeze and the capture of a run that ended: once its ledger is gone, nobody would know of them. */
async function freeSources(host: Host, work: TargetWork): Promise<string[]> {
  const captured = (await readSteps(work.session, work.run.run, 'capture')).filter(({ state }) => state === 'done');
  if (captured.length > 0) await removeCaptureOf(host, work);
  return freeWriters(host, work);
}

async function freeWriters(host: Host, work: TargetWork): Promise<string[]> {
  const { session, run } = work;
  const freed: string[] = [];
  for (const step of await readSteps(session, run.run, 'freeze')) {
    if (step.state !== 'done') continue;
    await releaseFreeze(host, work, step.detail);
    await setStepState(session, run.run, step.ordinal, 'restored');
    freed.push(step.subject);
  }
  if (freed.length > 0) await appendEvent(session, run.run, 'freeze released', { sources: freed });
  return freed;
}

/** A run that ended while its writers were stopped has said so: that is over, and so are the commands that it named. */
async function sayFreed({ session, run }: TargetWork, freed: readonly string[]): Promise<void> {
  const stopped = stoppedWriters({ opened: false, frozen: freed, whole: true }, run);
  if (stopped === null) return;
  const now = patternOf(run) === 'big_bang' ? releasedFirst(run.run) : freedWriters(freed, run);
  await replaceInSentence(session, run.run, stopped, now);
}

async function removeOne(session: Session, run: string): Promise<void> {
  await dropDeferred(session, run);
  for (const step of await readSteps(session, run, 'rows_saved')) await dropTable(session, step.detail.saved);
  await dropTable(session, scopeTable(run));
  await deleteRun(session, run);
}
