import {
  getExternalWorkflowHandle,
  setCurrentDetails,
  upsertSearchAttributes,
  type CancellationScope,
} from '@temporalio/workflow';
import type { OpenedRun } from '../../src/contract/activity-types';
import type { DrillMessage } from '../../src/contract/delta';
import type { AbortMessage, ApproveMessage } from '../../src/contract/run';
import { migrationAttributes } from '../../src/contract/search-attributes';
import { currentDetails } from '../../src/progress/current-details';
import { lagStep } from '../../src/progress/follow-view';
import { effectiveState, newView, type RunView } from '../../src/progress/run-view';
import { workflowTime } from '../runtime/clock';
import { plainFailure } from '../runtime/input';

/** What the operator control of one run remembers between messages. */
export class ControlState {
  view: RunView;
  run: OpenedRun | null = null;
  paused = false;
  abort: AbortMessage | null = null;
  approval: ApproveMessage | null = null;
  openGates: readonly string[] = [];
  /** How many `decide` commands were accepted. */
  decisions = 0;
  /** The run is being opened, the first time or again: nothing runs yet that could be aborted, but will in a moment. */
  opening = true;
  /** What `abort` cancels, while something runs. */
  scope: CancellationScope | null = null;
  /** Children that get pause, resume and resolve. */
  listeners: readonly string[] = [];
  /** Reports of children about the delta so far. */
  followReports = 0;
  /** Something came up while following, or was healed, that nobody has looked at. */
  newFindings = false;
  /** Whether drills are attended to, and the one that was asked for. */
  drillsOpen = false;
  drill: { readonly message: DrillMessage; answer: string | null } | null = null;
  /** The target is being opened: nothing can be undone any more. */
  forward = false;
  private shownAttributes = '';

  constructor(plan: string) {
    this.view = newView(workflowTime(), plan);
    this.show(this.view);
  }

  /** Changes the operator's page; search attributes follow a change of state only, because each upsert is an event. */
  show(next: RunView): void {
    this.view = { ...next, asOf: workflowTime() };
    setCurrentDetails(currentDetails(this.view));
    if (this.run?.searchAttributes !== true) return;
    const state = effectiveState(this.view, this.paused);
    const { follow } = this.view;
    const lag = follow === undefined ? null : lagStep(follow.lag.seconds);
    const key = `${this.view.phase} ${state} ${this.view.blocked.length} ${lag ?? ''}`;
    if (key === this.shownAttributes) return;
    this.shownAttributes = key;
    upsertSearchAttributes([
      { key: migrationAttributes.plan, value: this.view.plan },
      { key: migrationAttributes.phase, value: this.view.phase },
      { key: migrationAttributes.state, value: state },
      { key: migrationAttributes.blockedBatches, value: this.view.blocked.length },
      ...(lag === null ? [] : [{ key: migrationAttributes.deltaLagSeconds, value: lag }]),
    ]);
  }

  accepted(command: string, by: string): void {
    this.show({ ...this.view, lastCommand: `${command}, by ${by}, ${workflowTime().slice(11, 16)} UTC, accepted` });
  }

  requireRun(): OpenedRun {
    if (this.run === null)
      throw plainFailure('NotYet', 'The run is still being opened; send the command again in a moment.');
    return this.run;
  }

  async signalChildren(send: (child: ReturnType<typeof getExternalWorkflowHandle>) => Promise<void>): Promise<void> {
    for (const child of this.listeners) {
      try {
        await send(getExternalWorkflowHandle(child));
      } catch {
        // a child that has just ended needs no message
      }
    }
  }
}
