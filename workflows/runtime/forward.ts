import { CancellationScope, isCancellation, proxyActivities, sleep } from '@temporalio/workflow';
import type { Activities, OpenedRun, Verdict } from '../../src/contract/activity-types';
import { sentenceOf } from '../../src/progress/failure-sentence';
import { inPhase, withBooks } from '../../src/progress/run-view';
import * as options from './activity-options';
import type { ControlDesk } from '../operator/control';
import { codeOf } from './failure-kind';
import { plainFailure } from './input';
import { tell } from './reporter';
import type { Watch } from '../phases/monitor';
import { counted } from '../../src/report/counted';

const recording = proxyActivities<Activities>(options.patient);
const quick = proxyActivities<Activities>(options.quick);
const long = proxyActivities<Activities>(options.longRunning);
const lookingAgain = proxyActivities<Activities>(options.oneTry);

/**
 * Whether the opening was refused because a side is not what was proved, and the sources are written to again: then the run follows them on,
 * proves anew and asks again.
 */
export function followsOn(run: Pick<OpenedRun, 'pattern'>, error: unknown): boolean {
  return run.pattern === 'hybrid' && ['RP5451', 'RP5452'].includes(codeOf(error) ?? '');
}

/** After so many calls of the hook that failed, people are asked to move the application by hand. */
const patience = 3;

/** Answers that stay: a source takes writes again, the run is rolled back, or a side is not what was proved. */
const wayBack: ReadonlySet<string> = new Set(['RP5501', 'RP5104', 'RP5451', 'RP5452']);

/** Opens the target of frozen sources. Tried again for as long as it takes, because writers wait; what says that there is none to open is raised. */
export async function openTheTarget(run: OpenedRun, desk: ControlDesk): Promise<void> {
  desk.change((view) => inPhase(view, 'cutover', 'opening the target'));
  await keepTrying(
    run,
    desk,
    'The target could not be opened',
    async () => {
      await desk.abortWritten();
      await lookingAgain.openTarget(run.ref);
    },
    (error) => wayBack.has(codeOf(error) ?? ''),
  );
}

/**
 * From the open target to the end of the run. There is no way back in here, so nothing is given up: what fails is tried
 * again for ever, and the page says what it waits for. Nothing but the hook stands between the opening and the application. Where
 * rounds followed the source, the books are closed once more: it stands still now, and what came after the last proof is in them.
 */
export async function goForward(run: OpenedRun, desk: ControlDesk, watch: Watch, proved: Verdict): Promise<Verdict> {
  desk.onlyForward();
  await recording.finishPhase(run.ref, 'cutover');
  const tidied = tidyUp(run, desk, watch);
  // heard of below, whatever the switch comes to
  tidied.catch(() => undefined);
  await switchOver(run, desk);
  desk.change((view) => inPhase(view, 'cutover', 'the target is open; tidying up'));
  await mentioned(() => quick.listWriters(run.ref, 'after'));
  await tidied;
  if (run.pattern !== 'hybrid') return proved;
  let closed = proved;
  await keepTrying(run, desk, 'The books could not be closed', async () => {
    closed = await long.reconcile(run.ref);
    desk.change((view) => withBooks(view, closed.books));
  });
  if (!closed.green) throw plainFailure('NotProved', `The target is open, but ${closed.sentence}`);
  return closed;
}

/** Beside the switch: the capture has no use any more, and views are as old as the last rounds before the freeze. */
async function tidyUp(run: OpenedRun, desk: ControlDesk, watch: Watch): Promise<void> {
  const insist = (what: string, work: () => Promise<unknown>): Promise<void> => keepTrying(run, desk, what, work);
  const capture = async (): Promise<void> => {
    if (run.capture === 'none') return;
    await insist('The capture could not be removed', () => long.removeCapture(run.ref));
    await watch.end();
  };
  const target = async (): Promise<void> => {
    if (run.pattern !== 'hybrid') return;
    await insist('Statistics and materialized views are not up to date', () => long.analyzeAndRefresh(run.ref, true));
    await insist('The id map could not be written', () => long.writeIdMap(run.ref));
  };
  await Promise.all([capture(), target()]);
}

async function keepTrying(
  run: OpenedRun,
  desk: ControlDesk,
  what: string,
  work: () => Promise<unknown>,
  isFinal: (error: unknown) => boolean = () => false,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (isCancellation(error) || isFinal(error)) throw error;
      const sentence = `${what}: ${sentenceOf(error)} It is tried again.`;
      desk.change((view) => ({ ...view, sentence }));
      if (tries === 1) await tell(run, 'failed', sentence);
      await sleep(restMs(tries));
    }
  }
}

/** The hook moves the application; where it fails, or where the plan wants a person's word, `approve` of gate switch does. */
async function switchOver(run: OpenedRun, desk: ControlDesk): Promise<void> {
  desk.change((view) => inPhase(view, 'cutover', 'the target is open; switching the application'));
  const byHand = new CancellationScope();
  try {
    const confirmed = await callUntilItWorks(run, desk, (sentence) =>
      byHand.run(() => askForHand(run, desk, sentence)),
    );
    if (!run.confirmSwitch || confirmed === 'by hand') return;
  } finally {
    byHand.cancel();
  }
  const question = `The target of ${run.plan} is open. Approve once the application works with it.`;
  await tell(run, 'gate', question);
  await desk.gate(['switch'], question, 'waits for confirmation of the switch');
}

async function callUntilItWorks(
  run: OpenedRun,
  desk: ControlDesk,
  ask: (sentence: string) => Promise<'by hand'>,
): Promise<'called' | 'by hand'> {
  let asked: Promise<'by hand'> | null = null;
  for (let tries = 1; ; tries += 1) {
    try {
      await lookingAgain.callSwitch(run.ref);
      return 'called';
    } catch (error) {
      if (isCancellation(error)) throw error;
      const sentence = `settings.switch failed ${counted(tries, 'time')}: ${sentenceOf(error)}`;
      desk.change((view) => ({ ...view, sentence: `the target is open; ${sentence}` }));
      if (tries >= patience && asked === null) {
        asked = ask(sentence);
        asked.catch(() => undefined);
      }
    }
    const rest = sleep(restMs(tries)).then(() => 'rested' as const);
    const first = asked === null ? await rest : await Promise.race([rest, asked]);
    if (first === 'by hand') return first;
  }
}

async function askForHand(run: OpenedRun, desk: ControlDesk, sentence: string): Promise<'by hand'> {
  const question = `${sentence} It is called again and again. Or move the application by hand, then approve.`;
  await tell(run, 'gate', `The target of ${run.plan} is open, but ${question}`);
  await desk.gate(['switch'], question, `the target is open; ${sentence}`);
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

/** 2, 4, 8 … seconds, at most 5 minutes: a hook that fails for a week is 2,000 calls, not a million. */
function restMs(tries: number): number {
  return Math.min(300_000, 1_000 * 2 ** Math.min(tries, 12));
}
