import type { Resolution } from '../contract/batch-copy';
import type { DeltaReport, FollowReport } from '../contract/delta';
import { mayReport, isWorthReporting, type LastReport } from '../progress/follow-steps';

/** What the child that follows knows between two slices of rounds. Changed only by the functions below; times are handed in. */
export interface FollowerState {
  readonly paused: boolean;
  /** Nothing was left behind once. */
  readonly caughtUp: boolean;
  /** Ends by itself once it has caught up. */
  readonly once: boolean;
  readonly ending: boolean;
  /** Why it waits for an operator, and what one answered. */
  readonly stopped: string | null;
  readonly answer: Resolution | null;
  /** The root knows of a failure that is tried again. */
  readonly trouble: boolean;
  readonly lastReport: LastReport;
}

export function newFollower(
  from: Pick<FollowerState, 'paused' | 'caughtUp' | 'once' | 'stopped'> & { readonly reports: number },
): FollowerState {
  const { paused, caughtUp, once, stopped, reports } = from;
  const lastReport = { reports, at: null, lag: null, throttled: false, findings: '' };
  return { paused, caughtUp, once, stopped, ending: false, answer: null, trouble: false, lastReport };
}

export type FollowerStep =
  'end' | 'continue as new' | 'await an answer' | 'take the answer' | 'await running' | 'slice';

/** What is to be done now. An answer is acted on before another execution begins, which would not know it. */
export function nextStep(state: FollowerState, historyIsLong: boolean): FollowerStep {
  if (state.ending) return 'end';
  if (state.stopped !== null && state.answer !== null) return 'take the answer';
  if (historyIsLong) return 'continue as new';
  if (state.stopped !== null) return 'await an answer';
  return state.paused ? 'await running' : 'slice';
}

/** A state, and what the root hears of it, if anything. */
export interface FollowerTurn {
  readonly state: FollowerState;
  readonly report: FollowReport | null;
}

/** A slice of rounds came to its end. */
export function afterSlice(state: FollowerState, report: DeltaReport, now: string): FollowerTurn {
  const first = !state.caughtUp && report.caughtUp;
  const caughtUp = state.caughtUp || report.caughtUp;
  const next = { ...state, caughtUp, ending: state.ending || (caughtUp && state.once) };
  if (!first && !state.trouble && !isWorthReporting(state.lastReport, report, now))
    return { state: next, report: null };
  const lastReport = {
    reports: state.lastReport.reports + 1,
    at: now,
    lag: report.lag.seconds,
    throttled: report.throttled !== null,
    findings: report.newFindings.join(),
  };
  return {
    state: { ...next, lastReport, trouble: false },
    report: { delta: report, ...(state.trouble ? { trouble: null } : {}) },
  };
}

/** A slice failed of what may pass: reported once, and not at once where it comes and goes. */
export function afterTrouble(state: FollowerState, sentence: string, now: string): FollowerTurn {
  if (state.trouble || !mayReport(state.lastReport, now)) return { state, report: null };
  const lastReport = { ...state.lastReport, reports: state.lastReport.reports + 1, at: now };
  return { state: { ...state, trouble: true, lastReport }, report: { trouble: sentence } };
}

/** A slice failed of what stays: an operator is asked. */
export function afterStop(state: FollowerState, sentence: string): FollowerTurn {
  return { state: { ...state, stopped: sentence, answer: null }, report: { stopped: sentence } };
}

/** The answer was carried out; `why` it could not be, else null. A capture that was repaired has to catch up again. */
export function afterAnswer(state: FollowerState, order: Resolution, why: string | null): FollowerTurn {
  const caughtUp = why === null && order.do === 'resync' ? false : state.caughtUp;
  const answer = why === null ? null : state.answer;
  return { state: { ...state, caughtUp, stopped: why, answer }, report: { stopped: why } };
}
