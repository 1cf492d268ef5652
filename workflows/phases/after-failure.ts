import { CancellationScope, isCancellation, proxyActivities } from '@temporalio/workflow';
import type { Activities, OpenedRun } from '../../src/contract/activity-types';
import { undo as undoLater } from '../../src/progress/commands';
import { sentenceOf } from '../../src/progress/failure-sentence';
import { atGate, inPhase } from '../../src/progress/run-view';
import {
  captureLeft,
  countsAgain,
  leftOpen,
  rememberedFreeze,
  stoppedWriters,
} from '../../src/progress/stopped-writers';
import * as options from '../runtime/activity-options';
import { runRollback } from './children';
import type { OperatorControl } from '../operator/control';
import { codeOf, freezeReleased } from '../runtime/failure-kind';
import { plainFailure } from '../runtime/input';
import { notify } from '../runtime/reporter';
import type { Monitor } from './monitor';

const control = proxyActivities<Activities>(options.quick);
const recording = proxyActivities<Activities>(options.patient);

/**
 * Cancel undoes nothing and ends here; an abort or a failure asks or follows the plan. `begun`: something was written.
 * Returns to try again from the ledger, else throws the end of the run.
 */
export async function afterFailure(
  error: unknown,
  run: OpenedRun,
  operator: OperatorControl,
  watch: Monitor,
  begun: boolean,
): Promise<void> {
  // an abort that waits for the ledger is what ends the run, whatever failed meanwhile
  if (!isCancellation(error)) await operator.abortWritten();
  const abort = operator.aborted();
  if (isCancellation(error) && abort === null) {
    await CancellationScope.nonCancellable(() => sayOnCancel(run, operator, begun));
    throw error;
  }
  operator.quiet();
  const freeze = await freezeLeft(run, operator, begun);
  if (freeze.opened && abort !== null) {
    // too late: what it wanted to undo is in use
    operator.settleAbort();
    operator.change((view) => ({ ...view, sentence: 'The target was open before the abort; the run goes on.' }));
    return;
  }
  const why = abort === null ? sentenceOf(error) : `Aborted by ${abort.by}: ${abort.reason}`;
  const sentence = freeze.sentence === null ? why : `${why} ${freeze.sentence}`;
  const kind = abort === null ? 'failed' : 'aborted';
  operator.change((view) => ({ ...view, sentence, blocked: [], undecided: [], state: kind }));
  operator.settleAbort();
  await notify(run, 'failed', sentence);
  let then = abort?.then ?? run.onFailure;
  if (then !== 'keep' && freeze.opened) {
    // there is no way back any more: counting again, or leaving it at that
    if ((await ask(operator, sentence, afterOpening)) === 'retry') return;
    then = 'keep';
  }
  if (then === 'ask' && begun) {
    const answer = await ask(
      operator,
      sentence,
      codeOf(error) === freezeReleased ? onlyBack(run.ref.run) : beforeOpening,
    );
    if (answer === 'retry') return;
    then = answer === 'rollback' ? 'rollback' : 'keep';
  }
  if (then === 'rollback' && begun) {
    await watch.end();
    const verdict = await undo(run, operator, sentence, abort).catch(async (failed: unknown) => {
      // what it left of the capture is watched again
      await watch.begin(run);
      throw failed;
    });
    await recording.closeRun({ ref: run.ref, outcome: 'rolled_back', sentence: `${why} ${verdict}` });
    operator.change((view) => ({ ...view, state: 'rolled_back', sentence: verdict }));
    throw plainFailure('RolledBack', `${why} ${verdict}`);
  }
  const left = freeze.opened
    ? `${sentence} ${leftOpen(run.ref.run)}`
    : captures(run, operator)
      ? `${sentence} ${captureLeft}`
      : sentence;
  await recording.closeRun({ ref: run.ref, outcome: kind, sentence: left });
  throw plainFailure(abort === null ? 'Failed' : 'Aborted', left);
}

function captures(run: OpenedRun, operator: OperatorControl): boolean {
  const captured = run.capture === 'triggers' || run.capture === 'logical';
  return captured && !['discovery', 'prepare'].includes(operator.view().phase);
}

/** Sources that are left frozen under a target that is not open: every end but a rollback has to say so. */
async function freezeLeft(
  run: OpenedRun,
  operator: OperatorControl,
  begun: boolean,
): Promise<{ readonly opened: boolean; readonly sentence: string | null }> {
  if (!begun || (run.pattern !== 'hybrid' && run.pattern !== 'big_bang')) return { opened: false, sentence: null };
  const name = { run: run.ref.run };
  try {
    const state = await control.freezeState(run.ref);
    return { opened: state.opened, sentence: stoppedWriters(state, name) };
  } catch (error) {
    if (isCancellation(error)) throw error;
    const frozen = run.finished.includes('freeze') || operator.view().follow?.freeze?.outcome === 'frozen';
    return { opened: false, sentence: frozen ? rememberedFreeze(name) : null };
  }
}

/** A cancelled run undoes nothing; where that leaves writers stopped, page, ledger and whoever is notified are told. */
async function sayOnCancel(run: OpenedRun, operator: OperatorControl, begun: boolean): Promise<void> {
  const { sentence: left } = await freezeLeft(run, operator, begun);
  if (left === null) return;
  const sentence = `Cancelled. ${left}`;
  operator.change((view) => ({ ...view, sentence, state: 'aborted' }));
  await notify(run, 'failed', sentence);
  await recording.closeRun({ ref: run.ref, outcome: 'aborted', sentence });
}

interface Ways {
  readonly gates: readonly string[];
  readonly question: string;
}

const beforeOpening: Ways = {
  gates: ['rollback', 'retry', 'keep'],
  question: 'Approve `rollback` to undo all of it, `retry` to go on from the ledger, or `keep` to stop here.',
};

const onlyBack = (run: string): Ways => ({
  gates: ['rollback', 'keep'],
  question: `Approve \`rollback\` to undo all of it, or \`keep\` to stop here; \`${undoLater(run)}\` undoes it later.`,
});

const afterOpening: Ways = {
  gates: ['retry', 'keep'],
  question: `The target is open, so there is no way back. Approve \`retry\` once the cause is fixed: it ${countsAgain}. settings.switch is called again with the same key. Approve \`keep\` to leave it as it is.`,
};

async function ask(operator: OperatorControl, sentence: string, { gates, question }: Ways): Promise<string> {
  const waits = `${sentence} Waits for ${gates.slice(0, -1).join(', ')} or ${gates.at(-1)}.`;
  return (await operator.gate(gates, `${sentence}\n\n${question}`, waits)).gate;
}

async function undo(
  run: OpenedRun,
  operator: OperatorControl,
  sentence: string,
  abort: { readonly by: string; readonly reason: string } | null,
): Promise<string> {
  operator.change((view) => atGate(inPhase(view, 'rollback', 'undoing every step'), null, null, 'undoing every step'));
  const by = abort?.by ?? 'plan';
  const reason = abort?.reason ?? 'the plan says so after a failure';
  try {
    return (await runRollback(run, by, reason)).verdict;
  } catch (error) {
    if (isCancellation(error)) throw error;
    throw plainFailure('RollbackFailed', `${sentence} The rollback is incomplete: ${sentenceOf(error)}`);
  }
}
