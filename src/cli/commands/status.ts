import { stoppedWriters } from '../../progress/stopped-writers';
import { toDecide } from '../../progress/check-result';
import { wayLines, waysOut } from '../../progress/ways-out';
import { driverState, silenceSentence, type DriverState } from '../driver-state';
import { renderStatus } from '../screen/live-view';
import { locateRun, withLedger } from '../locate-run';
import { silenceFix } from '../refusals';
import { listRecords, type RunRecord } from '../run-record';
import type { CommandResult, Terminal } from '../terminal';
import { connectTemporal, detailsLink } from '../temporal';

/** One look at a run: from its workflow while that is open, else from the ledger. */
export async function status(
  terminal: Terminal,
  run: string | undefined,
  options: { plan?: string; all?: boolean },
): Promise<CommandResult> {
  if (options.all === true) return allRuns(terminal, options);
  const record = await locateRun(terminal, run, options);
  const driver = await driverOf(terminal, record.workflowId);
  if (driver?.state.kind === 'answers') {
    const { status: shown } = driver.state;
    return { data: { status: shown, ui: driver.link }, text: renderStatus(shown, driver.link).join('\n') };
  }
  if (driver?.state.kind === 'silent') return silentStatus(terminal, record, driver.state, driver.link);
  const { readRunEnd } = await import('../../postgres/ledger/run/run-end');
  const { loadRunSummary } = await import('../../postgres/ledger/run/run');
  const { openFindings } = await import('../../engine/run/open-findings');
  const seen = await withLedger(terminal, record, 'status', async (session, ref, databases) => ({
    summary: await loadRunSummary(session, record.run),
    end: await readRunEnd(session, record.run),
    undecided: await openFindings(session, await databases.run(ref, session)),
  }));
  const { summary, end } = seen;
  const undecided = summary.outcome === 'checked' ? seen.undecided : [];
  const how =
    driver?.state.kind === 'closed' ? `its workflow is closed (${driver.state.how})` : 'it has no open workflow';
  const state = summary.outcome?.replace('_', ' ') ?? `${how}; last phase ${summary.phase}`;
  // a run that ended by itself has said it; one that was terminated could not
  const sentence = summary.sentence ?? stoppedWriters({ opened: end.opened, frozen: end.frozen, whole: true }, record);
  return {
    data: { run: summary, frozen: end.frozen, opened: end.opened, undecided, ways: waysOut(end) },
    text: [
      `${record.run}  ${state}${sentence === null ? '' : `: ${sentence}`}`,
      ...toDecide(undecided),
      ...wayLines(waysOut(end)),
    ].join('\n'),
  };
}

/** Of an open run that does not answer, with what its ledger knows where that can be read here. */
async function silentStatus(
  terminal: Terminal,
  record: RunRecord,
  state: Extract<DriverState, { kind: 'silent' }>,
  link: string | null,
): Promise<CommandResult> {
  const { loadRunSummary } = await import('../../postgres/ledger/run/run');
  const summary = await withLedger(terminal, record, 'status', (session) => loadRunSummary(session, record.run)).catch(
    () => null,
  );
  return {
    data: { run: summary ?? record, open: true, taskQueue: state.taskQueue, polled: state.polled, stuck: state.stuck },
    text: [
      `${silenceSentence(record.run, state)}${summary === null ? '' : ` Last phase: ${summary.phase}.`}`,
      `  ${silenceFix(record, state)}`,
      ...(link === null ? [] : [`  Temporal UI  ${link}`]),
    ].join('\n'),
  };
}

/** The workflow as it answers; null where Temporal cannot be asked: the ledger answers without it. */
async function driverOf(
  terminal: Terminal,
  workflowId: string,
): Promise<{ state: DriverState; link: string | null } | null> {
  let temporal;
  try {
    temporal = await connectTemporal(terminal, { start: false });
  } catch {
    return null;
  }
  try {
    const state = await driverState(temporal, temporal.client.workflow.getHandle(workflowId));
    const open = state.kind === 'answers' || state.kind === 'silent';
    return { state, link: open ? await detailsLink(temporal, workflowId) : null };
  } finally {
    await temporal.close();
  }
}

async function allRuns(terminal: Terminal, options: { plan?: string }): Promise<CommandResult> {
  if (options.plan === undefined) {
    const records = listRecords(terminal.cwd);
    const lines = records.map(
      (record) => `${record.run}  plan ${record.plan} ${record.code}  started ${record.startedAt}`,
    );
    return { data: { runs: records }, text: lines.join('\n') || 'No run was started from this folder.' };
  }
  const record = await locateRun(terminal, undefined, options);
  const { listRuns } = await import('../../postgres/ledger/run/run');
  const runs = await withLedger(terminal, record, 'status', (session) => listRuns(session, record.plan));
  const lines = runs.map((known) =>
    `${known.run}  ${known.outcome ?? known.phase}  ${known.openedAt}  ${known.sentence ?? ''}`.trimEnd(),
  );
  return { data: { runs }, text: lines.join('\n') };
}
