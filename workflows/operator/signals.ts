import { setHandler } from '@temporalio/workflow';
import { progressReport, type ProgressReport } from '../../src/contract/batch-copy';
import type { DeltaReport } from '../../src/contract/delta';
import { pauseMessage } from '../../src/contract/run';
import { withFollowReport } from '../../src/progress/follow-view';
import {
  effectiveState,
  withAlarm,
  withBlocked,
  withoutBlocked,
  withStalled,
  withTable,
} from '../../src/progress/run-view';
import { readMessage } from '../../src/orchestration/read-message';
import { holds } from '../../src/orchestration/operator-control';
import { sentenceOf } from '../../src/progress/failure-sentence';
import { workflowTime } from '../runtime/clock';
import type { CommandRecords } from './command-records';
import type { DeskState } from './state';
import { carryOut } from './updates';
import * as messages from './messages';

/** Installs the signals pause and resume, the reports of children, and the status query. A signal never fails the run, however odd it is. */
export function installSignals(desk: DeskState, records: CommandRecords): void {
  for (const [name, signal] of [
    ['pause', messages.pauseSignal],
    ['resume', messages.resumeSignal],
  ] as const)
    setHandler(signal, (raw) => asUpdate(desk, records, name, raw), { description: `The same as update ${name}` });
  setHandler(messages.progressSignal, (raw) => takeReport(desk, raw), {
    description: 'From the children of this run; not for people',
  });
  setHandler(
    messages.statusQuery,
    () => {
      const { lastCommand: _command, gateQuestion: _question, ...status } = desk.view;
      return { ...status, state: effectiveState(desk.view, holds(desk.operators)) };
    },
    { description: 'Phase, progress, findings, gates and blocked batches as JSON' },
  );
}

/** Nobody waits for an answer: what is refused stands on the page. */
async function asUpdate(
  desk: DeskState,
  records: CommandRecords,
  name: 'pause' | 'resume',
  raw: unknown,
): Promise<void> {
  const parsed = pauseMessage.safeParse(raw ?? {});
  const message = parsed.success ? parsed.data : {};
  try {
    await carryOut(desk, records, { name, message });
  } catch (error) {
    desk.show({ ...desk.view, lastCommand: `${name}, by ${message.by ?? 'someone'}, refused: ${sentenceOf(error)}` });
  }
}

/** What nobody has decided about is looked up, and what is shown as such although it no longer waits. */
function noteFindings(desk: DeskState, { newFindings, quarantined }: DeltaReport): void {
  const known = desk.view.undecided.length > 0;
  if (quarantined !== undefined && (newFindings.length > 0 || known)) desk.newFindings = 'all';
  else if (newFindings.length > 0) desk.newFindings = 'findings';
}

function takeReport(desk: DeskState, raw: ProgressReport): void {
  const report = readMessage(progressReport, raw, 'progress');
  if ('alarm' in report) return desk.show(withAlarm(desk.view, report.alarm));
  const { table, tables = [], blocked, findings, unblocked, follow, stalled, trying, unreadable } = report.message;
  let next = desk.view;
  if (trying !== undefined) next = { ...next, sentence: trying };
  if (unreadable !== undefined) next = withAlarm(next, unreadable);
  for (const one of table === undefined ? tables : [...tables, table]) next = withTable(next, one);
  if (blocked !== undefined) next = withBlocked(next, blocked, findings);
  if (unblocked !== undefined) next = withoutBlocked(next, unblocked);
  if (stalled !== undefined) next = withStalled(next, stalled);
  if (follow !== undefined) {
    desk.followReports += 1;
    if (follow.delta !== undefined) noteFindings(desk, follow.delta);
    next = withFollowReport(next, follow, workflowTime());
  }
  desk.show(next);
}
