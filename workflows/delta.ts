import {
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  metricMeter,
  proxyActivities,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import { z } from 'zod';
import type { Activities } from '../src/contract/activity-types';
import { deltaInput, resolution, type DeltaInput, type Resolution } from '../src/contract/batch-copy';
import type { DeltaReport, FollowReport } from '../src/contract/delta';
import { sentenceOf } from '../src/progress/failure-sentence';
import { captureBlock } from '../src/progress/follow-view';
import { lagOf } from '../src/progress/follow-lines';
import { worthTelling, type Told } from '../src/progress/follow-steps';
import * as options from './runtime/activity-options';
import { workflowTime } from './runtime/clock';
import { staysSo } from './runtime/failure-kind';
import { everythingHeard, hearRoot } from './runtime/hear-root';
import { historyIsLong } from './runtime/history-length';
import { parseInput } from './runtime/input';
import { lagQuery, pausedSignal, resolutionSignal, stopSignal } from './operator/messages';
import { tellRoot } from './runtime/report-to-root';

const control = proxyActivities<Activities>(options.quick);
const long = proxyActivities<Activities>(options.longRunning);
const lane = proxyActivities<Activities>(options.rounds);

/** Long enough that a night of following stays a short history, short enough that the lag shown is today's. */
const sliceMs = 20_000;

/**
 * Follows the sources in rounds until it is told to stop. Signals paused, resolution and stop come from the root, what is
 * worth showing goes to it; query lag. A stopped capture parks it until an operator resolves `capture`. Continues as new at
 * about 2,000 events: the ledger knows up to where it came.
 */
export async function delta(raw: unknown): Promise<void> {
  const example = { ref: {}, parent: 'crm-3', paused: false };
  const follower = openFollower(parseInput(deltaInput, raw, 'delta', example));
  while (!follower.ended()) {
    if (historyIsLong() && !follower.answered()) {
      await everythingHeard();
      await continueAsNew<typeof delta>(follower.handOver());
    }
    await follower.step();
  }
  await everythingHeard();
}

interface DeltaFollower {
  ended(): boolean;
  /** An operator's answer that came and is not acted on yet: another execution would not know it. */
  answered(): boolean;
  /** One slice of rounds, or one wait for whatever holds them back. */
  step(): Promise<void>;
  handOver(): DeltaInput;
}

function openFollower(input: DeltaInput): DeltaFollower {
  const { ref, parent } = input;
  const marks = metricMeter.createGauge(
    'rowproof_delta_lag_marks',
    'int',
    '1',
    'Changes that the target does not have yet',
  );
  const age = metricMeter.createGauge('rowproof_delta_lag_seconds', 'float', 's', 'Age of the oldest of them');
  const wal = metricMeter.createGauge(
    'rowproof_delta_lag_wal_bytes',
    'int',
    'By',
    'WAL of the sources that slots of the run hold back',
  );
  const tags = { run: ref.run };
  let { paused, stopped = null, caughtUp = false } = input;
  let told: Told = { reports: input.reports ?? 0, at: null, lag: null, throttled: false, findings: '' };
  let latest: DeltaReport | null = null;
  let trouble = false;
  let ending = false;
  let answer: Resolution | null = null;
  let scope: CancellationScope | null = null;
  setHandler(stopSignal, () => {
    ending = true;
    scope?.cancel();
  });
  hearRoot(parent, pausedSignal, z.boolean(), (value) => {
    paused = value;
    if (paused) scope?.cancel();
  });
  hearRoot(parent, resolutionSignal, resolution, (message) => {
    if (message.what === captureBlock) answer = message;
  });
  setHandler(lagQuery, () => latest);

  const tell = (follow: FollowReport): Promise<void> => tellRoot(parent, { follow });

  async function slice(): Promise<void> {
    const began = workflowTime();
    scope = new CancellationScope();
    const report = await scope.run(() => lane.runRounds(ref, { forMs: sliceMs, untilCaughtUp: !caughtUp }));
    latest = report;
    marks.set(report.lag.marks, tags);
    age.set(report.lag.seconds, tags);
    wal.set(report.lag.walBytes, tags);
    setCurrentDetails(lagOf(report));
    const first = !caughtUp && report.caughtUp;
    caughtUp ||= report.caughtUp;
    const now = workflowTime();
    if (first || trouble || worthTelling(told, report, now)) {
      told = {
        reports: told.reports + 1,
        at: now,
        lag: report.lag.seconds,
        throttled: report.throttled !== null,
        findings: report.newFindings.join(),
      };
      await tell({ delta: report, ...(trouble ? { trouble: null } : {}) });
      trouble = false;
    }
    if (caughtUp && input.once === true) ending = true;
    // a proof or a cutover had the lane: no hurry to take it again
    if (Date.parse(now) - Date.parse(began) < 1_000) await condition(() => ending || paused, '2 seconds');
  }

  async function failed(error: unknown): Promise<void> {
    const sentence = sentenceOf(error);
    if (staysSo(error)) {
      stopped = sentence;
      await tell({ stopped });
      await control.notify(ref, 'blocked', `Following is stopped: ${sentence}`);
      return;
    }
    if (!trouble) await tell({ trouble: sentence });
    trouble = true;
    await condition(() => ending, '15 seconds');
  }

  async function whileStopped(): Promise<void> {
    await condition(() => ending || answer !== null);
    const order = answer;
    answer = null;
    if (ending || order === null) return;
    try {
      if (order.do === 'resync') {
        await long.resyncCapture.executeWithOptions({ summary: 'repair the capture' }, [ref, order.by, order.reason]);
        caughtUp = false;
      }
      stopped = null;
      await tell({ stopped });
    } catch (error) {
      if (isCancellation(error)) throw error;
      stopped = sentenceOf(error);
      await tell({ stopped });
    }
  }

  return {
    ended: () => ending,
    answered: () => answer !== null && stopped !== null,
    step: async () => {
      if (stopped !== null) return whileStopped();
      if (paused) return condition(() => !paused || ending);
      try {
        await slice();
      } catch (error) {
        if (!isCancellation(error)) return failed(error);
        if (!ending && !paused) throw error;
      } finally {
        scope = null;
      }
    },
    handOver: () => ({ ...input, ref, parent, paused, caughtUp, stopped, reports: told.reports }),
  };
}
