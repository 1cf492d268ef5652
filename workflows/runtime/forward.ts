import { CancellationScope, isCancellation, proxyActivities, sleep } from '@temporalio/workflow';
import type { Activities, OpenedRun, Verdict } from '../../src/contract/activity-types';
import type { PersistentWork } from '../../src/contract/batch-copy';
import { sentenceOf } from '../../src/progress/failure-sentence';
import { inPhase, withReconciliation } from '../../src/progress/run-view';
import * as options from './activity-options';
import type { OperatorControl } from '../operator/control';
import { codeOf } from './failure-kind';
import { plainFailure } from './input';
import { doOnce, backoffMs } from './persistent-work';
import { notify } from './reporter';
import { runPersist } from '../phases/children';
import type { Monitor } from '../phases/monitor';
import { counted } from '../../src/report/counted';
import { changedBeforeOpening, openingRefusals } from '../../src/errors/error-kinds';

const recording = proxyActivities<Activities>(options.patient);
const quick = proxyActivities<Activities>(options.quick);

/**
 * Whether the opening was refused because a side is not what was proved, and the sources are written to again: then the run follows them on,
 * proves anew and asks again.
 */
export function followsOn(run: Pick<OpenedRun, 'pattern'>, error: unknown): boolean {
  return run.pattern === 'hybrid' && changedBeforeOpening(codeOf(error));
}

/** After so many calls of the hook that failed, people are asked to move the application by hand. */
const patience = 3;

/** Opens the target of frozen sources. Tried again for as long as it takes, because writers wait; what says that there is none to open is raised. */
export async function openTheTarget(run: OpenedRun, operator: OperatorControl): Promise<void> {
  operator.change((view) => inPhase(view, 'cutover', 'opening the target'));
  for (;;) {
    await operator.abortWritten();
    const scope = new CancellationScope();
    const opened = scope.run(() =>
      keepTrying(run, operator, 'openTarget', 'The target could not be opened', openingRefusals),
    );
    const interrupted = operator.abortWaits().catch(() => undefined);
    await Promise.race([opened.catch(() => undefined), interrupted]);
    // an abort, or one that waits for the ledger: what was begun has ended before the run goes on, or it would open a target that was given up
    scope.cancel();
    try {
      await opened;
      return;
    } catch (error) {
      if (!isCancellation(error) || CancellationScope.current().consideredCancelled) throw error;
    }
  }
}

/**
 * From the open target to the end of the run. There is no way back in here, so nothing is given up: what fails is tried
 * again for ever, and the page says what it waits for. Nothing but the hook stands between the opening and the application. Where
 * rounds followed the source, the books are closed once more: it stands still now, and what came after the last proof is in them.
 */
export async function completeCutover(
  run: OpenedRun,
  operator: OperatorControl,
  watch: Monitor,
  proved: Verdict,
): Promise<Verdict> {
  operator.onlyForward();
  await recording.finishPhase({ ref: run.ref, phase: 'cutover' });
  const tidied = tidyUp(run, operator, watch);
  // heard of below, whatever the switch comes to
  tidied.catch(() => undefined);
  await switchOver(run, operator);
  operator.change((view) => inPhase(view, 'cutover', 'the target is open; tidying up'));
  await mentioned(() => quick.listWriters({ ref: run.ref, moment: 'after' }));
  await tidied;
  if (run.pattern !== 'hybrid') return proved;
  const closed = (await keepTrying(run, operator, 'reconcile', 'The books could not be closed')) as Verdict;
  operator.change((view) => withReconciliation(view, closed.reconciliation));
  if (!closed.green) throw plainFailure('NotProved', `The target is open, but ${closed.sentence}`);
  return closed;
}

/** Beside the switch: the capture has no use any more, and views are as old as the last rounds before the freeze. */
async function tidyUp(run: OpenedRun, operator: OperatorControl, watch: Monitor): Promise<void> {
  const capture = async (): Promise<void> => {
    if (run.capture === 'none') return;
    await keepTrying(run, operator, 'removeCapture', 'The capture could not be removed');
    await watch.end();
  };
  const target = async (): Promise<void> => {
    if (run.pattern !== 'hybrid') return;
    await keepTrying(run, operator, 'refreshTarget', 'Statistics and materialized views are not up to date');
    await keepTrying(run, operator, 'writeIdMap', 'The id map could not be written');
  };
  await Promise.all([capture(), target()]);
}

/** One try here, and all others in a child; the page says why, and whoever is notified hears of the first. */
async function keepTrying(
  run: OpenedRun,
  operator: OperatorControl,
  work: PersistentWork,
  what: string,
  final: readonly string[] = [],
): Promise<unknown> {
  try {
    return await doOnce(run.ref, work);
  } catch (error) {
    if (isCancellation(error) || final.includes(codeOf(error) ?? '')) throw error;
    const sentence = `${what}: ${sentenceOf(error)} It is retried.`;
    operator.change((view) => ({ ...view, sentence }));
    await notify(run, 'failed', sentence);
    return runPersist(run, operator, { work, what, final: [...final], tries: 1, shown: sentence });
  }
}

/** The hook moves the application; where it fails, or where the plan wants a person's word, `approve` of gate switch does. */
async function switchOver(run: OpenedRun, operator: OperatorControl): Promise<void> {
  operator.change((view) => inPhase(view, 'cutover', 'the target is open; switching the application'));
  const byHand = new CancellationScope();
  try {
    const confirmed = await callUntilItWorks(run, operator, (sentence) =>
      byHand.run(() => askForHand(run, operator, sentence)),
    );
    if (!run.confirmSwitch || confirmed === 'by hand') return;
  } finally {
    byHand.cancel();
  }
  const question = `The target of ${run.plan} is open. Approve once the application works with it.`;
  await notify(run, 'gate', question);
  await operator.gate(['switch'], question, 'waits for confirmation of the switch');
}

async function callUntilItWorks(
  run: OpenedRun,
  operator: OperatorControl,
  ask: (sentence: string) => Promise<'by hand'>,
): Promise<'called' | 'by hand'> {
  for (let tries = 1; ; tries += 1) {
    try {
      await doOnce(run.ref, 'callSwitch');
      return 'called';
    } catch (error) {
      if (isCancellation(error)) throw error;
      const sentence = `settings.switch failed ${counted(tries, 'time')}: ${sentenceOf(error)}`;
      operator.change((view) => ({ ...view, sentence: `the target is open; ${sentence}` }));
      if (tries >= patience) return callOrAsk(run, operator, ask(sentence), tries, sentence);
    }
    await sleep(backoffMs(tries));
  }
}

/** A child calls again and again; a person who moves the application by hand is as good. */
async function callOrAsk(
  run: OpenedRun,
  operator: OperatorControl,
  asked: Promise<'by hand'>,
  tries: number,
  shown: string,
): Promise<'called' | 'by hand'> {
  asked.catch(() => undefined);
  const scope = new CancellationScope();
  const what = 'the target is open; settings.switch failed';
  const called = scope.run(() =>
    runPersist(run, operator, { work: 'callSwitch', what, final: [], tries, shown }).then(() => 'called' as const),
  );
  called.catch(() => undefined);
  try {
    return await Promise.race([called, asked]);
  } finally {
    scope.cancel();
  }
}

async function askForHand(run: OpenedRun, operator: OperatorControl, sentence: string): Promise<'by hand'> {
  const question = `${sentence} rowproof keeps calling it. Or move the application by hand, then approve.`;
  await notify(run, 'gate', `The target of ${run.plan} is open, but ${question}`);
  await operator.gate(['switch'], question, `the target is open; ${sentence}`);
  return 'by hand';
}

/** For the record only: nothing depends on it. */
async function mentioned(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (isCancellation(error)) throw error;
  }
}
