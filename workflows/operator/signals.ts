import { proxyActivities, setHandler } from '@temporalio/workflow';
import type { Activities } from '../../src/contract/activity-types';
import { progressReport, type ProgressReport } from '../../src/contract/batch-copy';
import type { DeltaReport } from '../../src/contract/delta';
import { pauseMessage } from '../../src/contract/run';
import { withFollowReport } from '../../src/progress/follow-view';
import { effectiveState, withBlocked, withoutBlocked, withTable } from '../../src/progress/run-view';
import * as options from '../runtime/activity-options';
import { workflowTime } from '../runtime/clock';
import type { DeskState } from './state';
import * as messages from './messages';

const control = proxyActivities<Activities>(options.quick);

/** Installs pause and resume, the reports of children, and the status query. A signal never fails the run, however odd it is. */
export function installSignals(desk: DeskState): void {
  setHandler(messages.pauseSignal, (raw) => setPaused(desk, raw, true), {
    description: 'Start no further batch: {"by","reason"}',
  });
  setHandler(messages.resumeSignal, (raw) => setPaused(desk, raw, false), {
    description: 'Go on after pause: {"by","reason"}',
  });
  setHandler(messages.progressSignal, (raw) => takeReport(desk, raw), {
    description: 'From the children of this run; not for people',
  });
  setHandler(
    messages.statusQuery,
    () => {
      const { lastCommand: _command, gateQuestion: _question, ...status } = desk.view;
      return { ...status, state: effectiveState(desk.view, desk.paused) };
    },
    { description: 'Phase, progress, findings, gates and blocked batches as JSON' },
  );
}

async function setPaused(desk: DeskState, raw: unknown, value: boolean): Promise<void> {
  const parsed = pauseMessage.safeParse(raw ?? {});
  const by = parsed.success ? (parsed.data.by ?? 'someone') : 'someone';
  if (desk.paused === value) return;
  desk.paused = value;
  desk.accepted(value ? 'pause' : 'resume', by);
  await desk.tellChildren((child) => child.signal(messages.pausedSignal, value));
  if (desk.run !== null) await control.recordEvent(desk.run.ref, value ? 'paused' : 'resumed', { by });
}

/** What nobody has decided about is looked up, and what is shown as such although it no longer waits. */
function noteFindings(desk: DeskState, { newFindings }: DeltaReport): void {
  if (newFindings.length > 0 || desk.view.undecided.length > 0) desk.newFindings = true;
}

function takeReport(desk: DeskState, raw: ProgressReport): void {
  const report = progressReport.safeParse(raw);
  if (!report.success) return;
  const { table, blocked, findings, unblocked, follow } = report.data;
  let next = desk.view;
  if (table !== undefined) next = withTable(next, table);
  if (blocked !== undefined) next = withBlocked(next, blocked, findings);
  if (unblocked !== undefined) next = withoutBlocked(next, unblocked);
  if (follow !== undefined) {
    desk.followReports += 1;
    if (follow.delta !== undefined) noteFindings(desk, follow.delta);
    next = withFollowReport(next, follow, workflowTime());
  }
  desk.show(next);
}
