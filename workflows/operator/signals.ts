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
import type { ControlState } from './state';
import { carryOut } from './updates';
import * as messages from './messages';

/** Installs the signals pause and resume, the reports of children, and the status query. A signal never fails the run, however odd it is. */
export function installSignals(operator: ControlState, records: CommandRecords): void {
  for (const [name, signal] of [
    ['pause', messages.pauseSignal],
    ['resume', messages.resumeSignal],
  ] as const)
    setHandler(signal, (raw) => asUpdate(operator, records, name, raw), { description: `The same as update ${name}` });
  setHandler(messages.progressSignal, (raw) => takeReport(operator, raw), {
    description: 'From the children of this run; not for people',
  });
  setHandler(
    messages.statusQuery,
    () => {
      const { lastCommand: _command, gateQuestion: _question, ...status } = operator.view;
      return { ...status, state: effectiveState(operator.view, holds(operator.operators)) };
    },
    { description: 'Phase, progress, findings, gates and blocked batches as JSON' },
  );
}

/** Nobody waits for an answer: what is refused stands on the page. */
async function asUpdate(
  operator: ControlState,
  records: CommandRecords,
  name: 'pause' | 'resume',
  raw: unknown,
): Promise<void> {
  const parsed = pauseMessage.safeParse(raw ?? {});
  const message = parsed.success ? parsed.data : {};
  try {
    await carryOut(operator, records, { name, message });
  } catch (error) {
    operator.show({
      ...operator.view,
      lastCommand: `${name}, by ${message.by ?? 'someone'}, refused: ${sentenceOf(error)}`,
    });
  }
}

/** What nobody has decided about is looked up, and what is shown as such although it no longer waits. */
function noteFindings(operator: ControlState, { newFindings }: DeltaReport): void {
  if (newFindings.length > 0 || operator.view.undecided.length > 0) operator.newFindings = true;
}

function takeReport(operator: ControlState, raw: ProgressReport): void {
  const report = readMessage(progressReport, raw, 'progress');
  if ('alarm' in report) return operator.show(withAlarm(operator.view, report.alarm));
  const { table, tables = [], blocked, findings, unblocked, follow, stalled, trying, unreadable } = report.message;
  let next = operator.view;
  if (trying !== undefined) next = { ...next, sentence: trying };
  if (unreadable !== undefined) next = withAlarm(next, unreadable);
  for (const one of table === undefined ? tables : [...tables, table]) next = withTable(next, one);
  if (blocked !== undefined) next = withBlocked(next, blocked, findings);
  if (unblocked !== undefined) next = withoutBlocked(next, unblocked);
  if (stalled !== undefined) next = withStalled(next, stalled);
  if (follow !== undefined) {
    operator.followReports += 1;
    if (follow.delta !== undefined) noteFindings(operator, follow.delta);
    next = withFollowReport(next, follow, workflowTime());
  }
  operator.show(next);
}
