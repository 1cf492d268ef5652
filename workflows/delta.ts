import {
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import { z } from 'zod';
import type { Activities } from '../src/contract/activity-types';
import { deltaInput, resolution, type DeltaInput, type Resolution } from '../src/contract/batch-copy';
import type { DeltaReport } from '../src/contract/delta';
import { sentenceOf } from '../src/progress/failure-sentence';
import { captureBlock } from '../src/progress/follow-view';
import { lagOf } from '../src/progress/follow-lines';
import {
  afterAnswer,
  afterSlice,
  afterStop,
  afterTrouble,
  newFollower,
  nextStep,
  type FollowerState,
  type FollowerStep,
  type FollowerTurn,
} from '../src/orchestration/follower';
import * as options from './runtime/activity-options';
import { workflowTime } from './runtime/clock';
import { staysSo } from './runtime/failure-kind';
import { everythingHeard, hearRoot } from './runtime/hear-root';
import { historyIsLong } from './runtime/history-length';
import { parseInput } from './runtime/input';
import { openLagGauges } from './runtime/lag-gauges';
import { lagQuery, pausedSignal, resolutionSignal, stopSignal } from './operator/messages';
import { reportToRoot } from './runtime/report-to-root';

const control = proxyActivities<Activities>(options.quick);
const long = proxyActivities<Activities>(options.longRunning);
const lease = proxyActivities<Activities>(options.rounds);

/** Long enough that a night of following stays a short history, short enough that the lag shown is today's. */
const sliceMs = 20_000;

/**
 * Follows the sources in rounds until it is told to stop. Signals paused, resolution and stop come from the root, what is
 * worth showing goes to it; query lag. A stopped capture parks it until an operator resolves `capture`. Continues as new at
 * about 2,000 events: the ledger knows up to where it came.
 */
export async function delta(raw: unknown): Promise<void> {
  const example = { ref: {}, parent: 'crm-3', paused: false };
  const input = parseInput(deltaInput, raw, 'delta', example);
  const follower = openFollower(input);
  for (;;) {
    const step = nextStep(follower.state(), historyIsLong());
    if (step === 'end' || step === 'continue as new') await everythingHeard();
    if (step === 'end') return;
    if (step === 'continue as new') await continueAsNew<typeof delta>(follower.handOver());
    else await follower[step]();
  }
}

/** What the follower does on each step that is no end. */
type Follower = Record<Exclude<FollowerStep, 'end' | 'continue as new'>, () => Promise<void>> & {
  state(): FollowerState;
  handOver(): DeltaInput;
};

function openFollower(input: DeltaInput): Follower {
  const { ref, parent } = input;
  const { once = false, caughtUp = false, stopped = null, reports = 0 } = input;
  const gauges = openLagGauges(ref.run);
  let state = newFollower({ paused: input.paused, caughtUp, once, stopped, reports });
  let latest: DeltaReport | null = null;
  let scope: CancellationScope | null = null;
  setHandler(stopSignal, () => {
    state = { ...state, ending: true };
    scope?.cancel();
  });
  hearRoot(parent, pausedSignal, z.boolean(), (paused) => {
    state = { ...state, paused };
    if (paused) scope?.cancel();
  });
  hearRoot(parent, resolutionSignal, resolution, (message) => {
    if (message.what === captureBlock) state = { ...state, answer: message };
  });
  setHandler(lagQuery, () => latest);

  async function turn({ state: next, report }: FollowerTurn): Promise<void> {
    state = next;
    if (report !== null) await reportToRoot(parent, { follow: report });
  }

  async function slice(): Promise<void> {
    const began = workflowTime();
    scope = new CancellationScope();
    const report = await scope.run(() => lease.runRounds({ ref, forMs: sliceMs, untilCaughtUp: !state.caughtUp }));
    latest = report;
    gauges.set(report.lag);
    setCurrentDetails(lagOf(report));
    const now = workflowTime();
    await turn(afterSlice(state, report, now));
    // a proof or a cutover had the apply lease: no hurry to take it again
    if (Date.parse(now) - Date.parse(began) < 1_000) await condition(() => state.ending || state.paused, '2 seconds');
  }

  async function failed(error: unknown): Promise<void> {
    const sentence = sentenceOf(error);
    if (staysSo(error)) {
      await turn(afterStop(state, sentence));
      await control.notify({ ref, kind: 'blocked', sentence: `Following is stopped: ${sentence}` });
      return;
    }
    await turn(afterTrouble(state, sentence, workflowTime()));
    await condition(() => state.ending, '15 seconds');
  }

  async function takeAnswer(): Promise<void> {
    const order = state.answer as Resolution;
    // one that comes meanwhile is another one
    state = { ...state, answer: null };
    let why: string | null = null;
    try {
      if (order.do === 'resync')
        await long.resyncCapture.executeWithOptions({ summary: 'repair the capture' }, [
          { ref, by: order.by, reason: order.reason },
        ]);
    } catch (error) {
      if (isCancellation(error)) throw error;
      why = sentenceOf(error);
    }
    await turn(afterAnswer(state, order, why));
  }

  return {
    state: () => state,
    'await an answer': () => condition(() => state.ending || state.answer !== null),
    'take the answer': takeAnswer,
    'await running': () => condition(() => !state.paused || state.ending),
    slice: async () => {
      try {
        await slice();
      } catch (error) {
        if (!isCancellation(error)) return failed(error);
        if (!state.ending && !state.paused) throw error;
      } finally {
        scope = null;
      }
    },
    handOver: () => {
      const { lastReport, ...now } = state;
      return {
        ...input,
        paused: now.paused,
        caughtUp: now.caughtUp,
        stopped: now.stopped,
        reports: lastReport.reports,
      };
    },
  };
}
