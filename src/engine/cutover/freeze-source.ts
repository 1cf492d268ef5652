import type { CutoverResult } from '../../contract/delta';
import type { RunRef } from '../../contract/run';
import { missedSentence } from '../../cutover/words';
import { fail } from '../../errors/rowproof-error';
import { isRollingBack, startAttempt } from '../../postgres/ledger/cutover';
import { isStandby } from '../../postgres/queries/capture/preflight';
import type { Session } from '../../postgres/session';
import { isInsufficientPrivilege } from '../../postgres/sqlstate';
import { takeBarrier } from './barrier';
import { commitAll, createFreeze } from './commit-freeze';
import { recordFreeze } from './freeze';
import { nothing, record, refusal, readExistingFreeze } from './cut-over';
import { onSources, type SourceWorks } from './source-sessions';
import { writersOf } from './writers';
import type { Host } from '../host';

/** The freeze has no deadline here; only while it begins may its session not be silent for this long. */
const idleMs = 30_000;

/** Locks writers out and freezes, with nothing to drain: the copy then reads a source that stands still. Idempotent. */
export function freezeSource(host: Host, ref: RunRef, by: string): Promise<CutoverResult> {
  return onSources(host, ref, 'freeze', async (works) => {
    const { run, ledger } = works;
    for (const source of works.relations.keys()) {
      if (await isStandby(await works.source(source)))
        throw fail('RP5301', `Source ${source} is a standby`, { where: { object: source } });
    }
    const answer = (await refusal(works, false)) ?? (await readExistingFreeze(works));
    if (answer !== null) return answer;
    const attempt = await startAttempt(ledger, run.run, false, by);
    const writers = await writersOf(works.relations, works.source);
    await recordFreeze(ledger, run, works.source, works.heartbeat);
    const result = { ...(await freezeNow(works)), writers };
    await record(works, attempt, { drill: false, by }, { result, measured: {} });
    return result;
  });
}

async function freezeNow(works: SourceWorks): Promise<CutoverResult> {
  const { run, ledger, relations, name, heartbeat } = works;
  const { cutover } = run.compiled.plan.settings;
  const sessions = new Map<string, Session>();
  for (const source of relations.keys()) sessions.set(source, await works.freshSource(source));
  try {
    const taken = await takeBarrier(name, relations, sessions, { ...cutover, idleMs }, heartbeat);
    if ('missed' in taken) {
      const sentence = missedSentence(cutover.lockBudgetMs, taken);
      return { ...nothing, outcome: 'lock', sentence, lockAttempts: taken.attempts };
    }
    const { barrier } = taken;
    const lockAttempts = barrier.attempts;
    try {
      // after the locks: a rollback that began before them is seen, one that begins now finds this barrier
      if (await isRollingBack(ledger, run.run))
        return { ...nothing, outcome: 'refused', sentence: 'The run is being rolled back.', lockAttempts };
      await createFreeze(barrier.sessions, relations, name, run.run);
      if (!(await commitAll(works, barrier)))
        return { ...nothing, outcome: 'lock', sentence: 'The freeze could not be committed.', lockAttempts };
      const freezeMs = Math.round(performance.now() - barrier.since);
      const sentence = 'Writers are stopped: the source does not change during the copy.';
      return { ...nothing, outcome: 'frozen', sentence, freezeMs, lockAttempts };
    } finally {
      await barrier.release();
    }
  } catch (error) {
    if (!isInsufficientPrivilege(error)) throw error;
    throw fail('RP5502', 'The role of the source may not freeze the captured tables', { cause: error });
  }
}
