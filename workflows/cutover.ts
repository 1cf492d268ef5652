import { isCancellation, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../src/contract/activity-types';
import { cutoverInput, type CutoverInput } from '../src/contract/batch-copy';
import type { ChecklistLine, CutoverResult, DeltaReport } from '../src/contract/delta';
import { afterBarrier, linesOf, refusedBefore } from '../src/orchestration/cutover-states';
import * as options from './runtime/activity-options';
import { catchUp } from './phases/catch-up';
import { parseInput } from './runtime/input';

const control = proxyActivities<Activities>(options.quick);
const recording = proxyActivities<Activities>(options.patient);
const lease = proxyActivities<Activities>(options.rounds);
const barrier = proxyActivities<Activities>(options.barrier);

/** Rounds between two looks at what is left behind. */
const sliceMs = 20_000;

export interface CutoverAttempt {
  readonly lines: readonly ChecklistLine[];
  readonly result: CutoverResult;
}

/**
 * One attempt at the cutover, or one drill: checklist, who writes now, barrier. Nothing else may hold the apply lease meanwhile, so
 * the root ends the child that follows first. Answers with an outcome; every one but `frozen` leaves writers free. No
 * messages; never continues as new.
 */
export async function cutover(raw: unknown): Promise<CutoverAttempt> {
  const example = { ref: {}, drill: true, by: 'you', reason: 'why', code: '' };
  const input = parseInput(cutoverInput, raw, 'cutover', example);
  const attempt = await tryIt(input);
  if (attempt.result.outcome === 'frozen') {
    await recording.startPhase({ ref: input.ref, phase: 'freeze' });
    await recording.finishPhase({ ref: input.ref, phase: 'freeze' });
  }
  return attempt;
}

async function tryIt({ ref, drill, by, reason, code, overrides }: CutoverInput): Promise<CutoverAttempt> {
  const rounds = (): Promise<DeltaReport> => lease.runRounds({ ref, forMs: sliceMs, untilCaughtUp: true });
  await catchUp(rounds);
  const lines = linesOf(await control.checkCutover({ ref, approval: drill ? null : { by, reason, code } }), drill);
  const refused = refusedBefore(lines, drill);
  if (refused !== null) return { lines, result: refused };
  await whoWrites(ref);
  for (let tries = 1; ; tries += 1) {
    const result = await barrier.cutOver({ ref, drill, by, ...(overrides === undefined ? {} : { overrides }) });
    if (afterBarrier(result, tries) === 'answer') return { lines, result };
    await catchUp(rounds);
  }
}

/** For the record only: nothing depends on it. */
async function whoWrites(ref: CutoverInput['ref']): Promise<void> {
  try {
    await control.listWriters({ ref, moment: 'before' });
  } catch (error) {
    if (isCancellation(error)) throw error;
  }
}
