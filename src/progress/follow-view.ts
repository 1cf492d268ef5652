import type { OpenedRun } from '../contract/activity-types';
import type { ChecklistLine, DeltaLag, FollowReport, FollowStatus, FreezeFacts } from '../contract/delta';
import type { RunView } from './run-view';

/** How the page of a run follows what its children tell about the delta. Pure: times are handed in. */

const noLag: DeltaLag = { changes: 0, seconds: 0, walBytes: 0 };

/** From here on the run has something to say about its lag; what is known already stays. */
export function beginFollowing(view: RunView, run: OpenedRun): RunView {
  if (view.follow !== undefined) return { ...view, follow: { ...view.follow, caughtUp: false } };
  return {
    ...view,
    follow: {
      lag: noLag,
      lagAt: null,
      caughtUp: false,
      pending: 0,
      throttled: null,
      trouble: null,
      warnings: [],
      provedAt: null,
      quarantined: 0,
      drill: null,
      freeze: null,
      missing: [],
      ...run.limits,
    },
  };
}

export const captureBlock = 'capture';

export function withFollowReport(view: RunView, report: FollowReport, now: string): RunView {
  if (view.follow === undefined) return view;
  const { delta, stopped, trouble, capture } = report;
  const follow: FollowStatus = {
    ...view.follow,
    ...(delta === undefined
      ? {}
      : {
          lag: delta.lag,
          lagAt: now,
          caughtUp: view.follow.caughtUp || delta.caughtUp,
          pending: delta.pending,
          throttled: delta.throttled,
          quarantined: delta.quarantined,
        }),
    ...(trouble === undefined ? {} : { trouble }),
    ...(capture === undefined ? {} : { warnings: capture.warnings }),
  };
  const others = view.blocked.filter(({ what }) => what !== captureBlock);
  const blocked =
    stopped === undefined
      ? view.blocked
      : stopped === null
        ? others
        : [...others, { what: captureBlock, mapping: '', ordinal: 0, why: stopped }];
  return { ...view, follow, blocked };
}

export function withProof(view: RunView, at: string, quarantined: number): RunView {
  return view.follow === undefined ? view : { ...view, follow: { ...view.follow, provedAt: at, quarantined } };
}

export function withFreeze(view: RunView, kind: 'drill' | 'freeze', facts: FreezeFacts): RunView {
  return view.follow === undefined ? view : { ...view, follow: { ...view.follow, [kind]: facts } };
}

export function withChecklist(view: RunView, lines: readonly ChecklistLine[]): RunView {
  if (view.follow === undefined) return view;
  return { ...view, follow: { ...view.follow, missing: lines.filter(({ ok }) => !ok) } };
}

const steps = [0, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400, 86_400];

/** The lag in steps that are worth an event: the highest of 0, 1, 2, 5, 10, 30, 60 … seconds that it reaches. */
export function lagStep(seconds: number): number {
  return steps.findLast((step) => seconds >= step) ?? 0;
}
