import { CancellationScope, isCancellation, proxyActivities } from '@temporalio/workflow';
import type { Activities, OpenedRun } from '../../src/contract/activity-types';
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
import type { ControlDesk } from '../operator/control';
import { codeOf, freezeLifted } from '../runtime/failure-kind';
import { plainFailure } from '../runtime/input';
import { tell } from '../runtime/reporter';
import type { Watch } from './monitor';

const control = proxyActivities<Activities>(options.quick);
const recording = proxyActivities<Activities>(options.patient);

/**
 * Cancel undoes nothing and ends here; an abort or a failure asks or follows the plan. `begun`: something was written.
 * Returns to try again from the ledger, else throws the end of the run.
 */
export async function afterFailure(
  error: unknown,
  run: OpenedRun,
  desk: ControlDesk,
  watch: Watch,
  begun: boolean,
): Promise<void> {
  // an abort that waits for the ledger is what ends the run, whatever failed meanwhile
  if (!isCancellation(error)) await desk.abortWritten();
  const abort = desk.aborted();
  if (isCancellation(error) && abort === null) {
    await CancellationScope.nonCancellable(() => sayOnCancel(run, desk, begun));
    throw error;
  }
  desk.quiet();
  const freeze = await freezeLeft(run, desk, begun);
  if (freeze.opened && abort !== null) {
    // too late: what it wanted to undo is in use
    desk.settleAbort();
    desk.change((view) => ({ ...view, sentence: 'The target was open before the abort; the run goes on.' }));
    return;
  }
  const why = abort === null ? sentenceOf(error) : `Aborted by ${abort.by}: ${abort.reason}`;
  const sentence = freeze.sentence === null ? why : `${why} ${freeze.sentence}`;
  const kind = abort === null ? 'failed' : 'aborted';
  desk.change((view) => ({ ...view, sentence, blocked: [], undecided: [], state: kind }));
  desk.settleAbort();
  await tell(run, 'failed', sentence);
  let then = abort?.then ?? run.onFailure;
  if (then !== 'keep' && freeze.opened) {
    // there is no way back any more: counting again, or leaving it at that
    if ((await ask(desk, sentence, afterOpening)) === 'retry') return;
    then = 'keep';
  }
  if (then === 'ask' && begun) {
    const answer = await ask(desk, sentence, codeOf(error) === freezeLifted ? onlyBack : beforeOpening);
    if (answer === 'retry') return;
    then = answer === 'rollback' ? 'rollback' : 'keep';
  }
  if (then === 'rollback' && begun) {
    await watch.end();
    const verdict = await undo(run, desk, sentence, abort).catch(async (failed: unknown) => {
      // what it left of the capture is watched again
      await watch.begin(run);
      throw failed;
    });
    await recording.closeRun(run.ref, 'rolled_back', `${why} ${verdict}`);
    desk.change((view) => ({ ...view, state: 'rolled_back', sentence: verdict }));
    throw plainFailure('RolledBack', `${why} ${verdict}`);
  }
  const left = freeze.opened
    ? `${sentence} ${leftOpen(run.ref.run)}`
    : captures(run, desk)
      ? `${sentence} ${captureLeft}`
      : sentence;
  await recording.closeRun(run.ref, kind, left);
  throw plainFailure(abort === null ? 'Failed' : 'Aborted', left);
}

function captures(run: OpenedRun, desk: ControlDesk): boolean {
  const captured = run.capture === 'triggers' || run.capture === 'logical';
  return captured && !['discovery', 'prepare'].includes(desk.view().phase);
}

/** Sources that are left frozen under a target that is not open: every end but a rollback has to say so. */
async function freezeLeft(
  run: OpenedRun,
  desk: ControlDesk,
  begun: boolean,
): Promise<{ readonly opened: boolean; readonly sentence: string | null }> {
  if (!begun || (run.pattern !== 'hybrid' && run.pattern !== 'big_bang')) return { opened: false, sentence: null };
  const name = { run: run.ref.run };
  try {
    const state = await control.freezeState(run.ref);
    return { opened: state.opened, sentence: stoppedWriters(state, name) };
  } catch (error) {
    if (isCancellation(error)) throw error;
    const frozen = run.finished.includes('freeze') || desk.view().follow?.freeze?.outcome === 'frozen';
    return { opened: false, sentence: frozen ? rememberedFreeze(name) : null };
  }
}

/** A cancelled run undoes nothing; where that leaves writers stopped, page, ledger and whoever is notified are told. */
async function sayOnCancel(run: OpenedRun, desk: ControlDesk, begun: boolean): Promise<void> {
  const { sentence: left } = await freezeLeft(run, desk, begun);
  if (left === null) return;
  const sentence = `Cancelled. ${left}`;
  desk.change((view) => ({ ...view, sentence, state: 'aborted' }));
  await tell(run, 'failed', sentence);
  await recording.closeRun(run.ref, 'aborted', sentence);
}

interface Ways {
  readonly gates: readonly string[];
  readonly question: string;
}

const beforeOpening: Ways = {
  gates: ['rollback', 'retry', 'keep'],
  question: 'Approve `rollback` to undo all of it, `retry` to go on from the ledger, or `keep` to stop here.',
};

const onlyBack: Ways = {
  gates: ['rollback', 'keep'],
  question: 'Approve `rollback` to undo all of it, or `keep` to stop here; `rowproof rollback` undoes it later.',
};

const afterOpening: Ways = {
  gates: ['retry', 'keep'],
  question: `The target is open, so there is no way back. Approve \`retry\` once the cause is gone: it ${countsAgain}. settings.switch is called again with the same key. Approve \`keep\` to leave it as it is.`,
};

async function ask(desk: ControlDesk, sentence: string, { gates, question }: Ways): Promise<string> {
  const waits = `${sentence} Waits for ${gates.slice(0, -1).join(', ')} or ${gates.at(-1)}.`;
  return (await desk.gate(gates, `${sentence}\n\n${question}`, waits)).gate;
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
