import { proxyActivities, setHandler } from '@temporalio/workflow';
import type { Activities } from '../../src/contract/activity-types';
import { progressReport, type ProgressReport } from '../../src/contract/batch-copy';
import type { DeltaReport } from '../../src/contract/delta';
import { pauseMessage } from '../../src/contract/run';
import { withFollowReport } from '../../src/progress/follow-view';
import { effectiveState, withBlocked, withoutBlocked, withTable } from '../../src/progress/run-view';
import * as options from '../runtime/activity-options';
import { workflowTime } from '../runtime/clock';
import type { ControlState } from './state';
import * as messages from './messages';

const control = proxyActivities<Activities>(options.quick);

/** Installs pause and resume, the reports of children, and the status query. A signal never fails the run, however odd it is. */
export function installSignals(operator: ControlState): void {
  setHandler(messages.pauseSignal, (raw) => setPaused(operator, raw, true), {
    description: 'Start no further batch: {"by","reason"}',
  });
  setHandler(messages.resumeSignal, (raw) => setPaused(operator, raw, false), {
    description: 'Go on after pause: {"by","reason"}',
  });
  setHandler(messages.progressSignal, (raw) => takeReport(operator, raw), {
    description: 'From the children of this run; not for people',
  });
  setHandler(
    messages.statusQuery,
    () => {
      const { lastCommand: _command, gateQuestion: _question, ...status } = operator.view;
      return { ...status, state: effectiveState(operator.view, operator.paused) };
    },
    { description: 'Phase, progress, findings, gates and blocked batches as JSON' },
  );
}

async function setPaused(operator: ControlState, raw: unknown, value: boolean): Promise<void> {
  const parsed = pauseMessage.safeParse(raw ?? {});
  const by = parsed.success ? (parsed.data.by ?? 'someone') : 'someone';
  if (operator.paused === value) return;
  operator.paused = value;
  operator.accepted(value ? 'pause' : 'resume', by);
  await operator.signalChildren((child) => child.signal(messages.pausedSignal, value));
  if (operator.run !== null) await control.recordEvent(operator.run.ref, value ? 'paused' : 'resumed', { by });
}

/** What nobody has decided about is looked up, and what is shown as such although it no longer waits. */
function noteFindings(operator: ControlState, { newFindings }: DeltaReport): void {
  if (newFindings.length > 0 || operator.view.undecided.length > 0) operator.newFindings = true;
}

function takeReport(operator: ControlState, raw: ProgressReport): void {
  const report = progressReport.safeParse(raw);
  if (!report.success) return;
  const { table, blocked, findings, unblocked, follow } = report.data;
  let next = operator.view;
  if (table !== undefined) next = withTable(next, table);
  if (blocked !== undefined) next = withBlocked(next, blocked, findings);
  if (unblocked !== undefined) next = withoutBlocked(next, unblocked);
  if (follow !== undefined) {
    operator.followReports += 1;
    if (follow.delta !== undefined) noteFindings(operator, follow.delta);
    next = withFollowReport(next, follow, workflowTime());
  }
  operator.show(next);
}
