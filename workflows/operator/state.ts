import {
  getExternalWorkflowHandle,
  setCurrentDetails,
  upsertSearchAttributes,
  type CancellationScope,
} from '@temporalio/workflow';
import type { OpenedRun } from '../../src/contract/activity-types';
import { migrationAttributes } from '../../src/contract/search-attributes';
import { currentDetails } from '../../src/progress/current-details';
import { lagStep } from '../../src/progress/follow-view';
import { effectiveState, newView, type RunView } from '../../src/progress/run-view';
import { workflowTime } from '../runtime/clock';
import {
  holds,
  newOperatorState,
  type Effect,
  type OperatorState,
  type Situation,
  type Step,
} from '../../src/orchestration/operator-control';
import { plainFailure } from '../runtime/input';
import { pausedSignal, resolutionSignal } from './messages';

/** What the operator control of one run remembers between messages. */
export class ControlState {
  view: RunView;
  run: OpenedRun | null = null;
  /** What operators said; decided by the pure functions of src/orchestration. */
  operators: OperatorState = newOperatorState;
  /** What `abort` cancels, while something runs. */
  scope: CancellationScope | null = null;
  /** Children that get pause, resume and resolve. */
  listeners: readonly string[] = [];
  /** Reports of children about the delta so far. */
  followReports = 0;
  /** Something came up while following, or was healed, that nobody has looked at. */
  newFindings = false;
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
    const state = effectiveState(this.view, holds(this.operators));
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

  requireRun(): OpenedRun {
    if (this.run === null) throw plainFailure('NotYet', 'The run is still being opened.');
    return this.run;
  }

  /** What a command meets now. */
  situation(): Situation {
    return { state: this.operators, view: this.view, approvers: this.run?.approvers ?? null };
  }

  /** Takes a decision over and does what it asks for. */
  async take({ state, view, effects }: Step): Promise<void> {
    this.operators = state;
    this.show(view);
    for (const effect of effects) await this.perform(effect);
  }

  private async perform(effect: Effect): Promise<void> {
    if (effect.do === 'cancel') this.scope?.cancel();
    else if (effect.do === 'hold') await this.signalChildren((child) => child.signal(pausedSignal, effect.paused));
    else
      await this.signalChildren(async (child) => {
        for (const resolution of effect.resolutions) await child.signal(resolutionSignal, resolution);
      });
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
