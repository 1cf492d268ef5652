import { isCancellation, proxyActivities } from '@temporalio/workflow';
import type { Activities, OpenedRun } from '../src/contract/activity-types';
import { sentenceOf } from '../src/progress/failure-sentence';
import { atGate, inPhase } from '../src/progress/run-view';
import * as options from './activity-options';
import { runRollback } from './children';
import type { ControlDesk } from './control-desk';
import { plainFailure } from './input';
import { tell } from './tell';

const recording = proxyActivities<Activities>(options.patient);

/**
 * Cancel undoes nothing and ends here; an abort or a failure asks or follows the plan. `begun`: something was written.
 * Returns to try again from the ledger, else throws the end of the run.
 */
export async function afterFailure(error: unknown, run: OpenedRun, desk: ControlDesk, begun: boolean): Promise<void> {
  const abort = desk.aborted();
  if (isCancellation(error) && abort === null) throw error;
  desk.quiet();
  const sentence = abort === null ? sentenceOf(error) : `Aborted by ${abort.by}: ${abort.reason}`;
  const kind = abort === null ? 'failed' : 'aborted';
  desk.change((view) => ({ ...view, sentence, blocked: [], undecided: [], state: kind }));
  desk.settleAbort();
  await tell(run, 'failed', sentence);
  let then = abort?.then ?? run.onFailure;
  if (then === 'ask' && begun) {
    const answer = await ask(desk, sentence);
    if (answer === 'retry') return;
    then = answer === 'rollback' ? 'rollback' : 'keep';
  }
  if (then === 'rollback' && begun) {
    const verdict = await undo(run, desk, sentence, abort);
    await recording.closeRun(run.ref, 'rolled_back', `${sentence} ${verdict}`);
    desk.change((view) => ({ ...view, state: 'rolled_back', sentence: verdict }));
    throw plainFailure('RolledBack', `${sentence} ${verdict}`);
  }
  await recording.closeRun(run.ref, kind, sentence);
  throw plainFailure(abort === null ? 'Failed' : 'Aborted', sentence);
}

async function ask(desk: ControlDesk, sentence: string): Promise<string> {
  const question = `${sentence}\n\nApprove \`rollback\` to undo all of it, \`retry\` to go on from the ledger, or \`keep\` to stop here.`;
  const gates = ['rollback', 'retry', 'keep'];
  return (await desk.gate(gates, question, `${sentence} Waits for rollback, retry or keep.`)).gate;
}

async function undo(
  run: OpenedRun,
  desk: ControlDesk,
  sentence: string,
  abort: { readonly by: string; readonly reason: string } | null,
): Promise<string> {
  desk.change((view) => atGate(inPhase(view, 'rollback', 'undoing every step'), null, null, 'undoing every step'));
  const by = abort?.by ?? 'plan';
  const reason = abort?.reason ?? 'the plan says so after a failure';
  try {
    return (await runRollback(run, by, reason)).verdict;
  } catch (error) {
    if (isCancellation(error)) throw error;
    throw plainFailure('RollbackFailed', `${sentence} The rollback did not get to its end: ${sentenceOf(error)}`);
  }
}
