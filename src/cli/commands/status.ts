import type { RunStatus } from '../../contract/run';
import { stoppedWriters } from '../../progress/stopped-writers';
import { renderStatus } from '../live-view';
import { locateRun, withLedger } from '../locate-run';
import { listRecords } from '../run-record';
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
  const open = await openStatus(terminal, record.workflowId);
  if (open !== null)
    return { data: { status: open.status, ui: open.link }, text: renderStatus(open.status, open.link).join('\n') };
  const { loadRunSummary } = await import('../../postgres/ledger/run');
  const { leftFrozen } = await import('../../postgres/ledger/cutover');
  const { summary, frozen } = await withLedger(terminal, record, 'status', async (session) => ({
    summary: await loadRunSummary(session, record.run),
    frozen: await leftFrozen(session, record.run),
  }));
  const state = summary.outcome?.replace('_', ' ') ?? `no workflow drives it; last phase ${summary.phase}`;
  // a run that ended by itself has said it; one that was terminated could not
  const sentence = summary.sentence ?? stoppedWriters({ opened: false, frozen, whole: true }, record);
  return {
    data: { run: summary, frozen },
    text: `${record.run}  ${state}${sentence === null ? '' : `: ${sentence}`}`,
  };
}

async function openStatus(
  terminal: Terminal,
  workflowId: string,
): Promise<{ status: RunStatus; link: string | null } | null> {
  let temporal;
  try {
    temporal = await connectTemporal(terminal, { start: false });
  } catch {
    return null; // the ledger answers without Temporal
  }
  try {
    const handle = temporal.client.workflow.getHandle(workflowId);
    const description = await handle.describe();
    if (description.status.name !== 'RUNNING') return null;
    return { status: await handle.query<RunStatus>('status'), link: await detailsLink(temporal, workflowId) };
  } catch {
    return null;
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
  const { listRuns } = await import('../../postgres/ledger/run');
  const runs = await withLedger(terminal, record, 'status', (session) => listRuns(session, record.plan));
  const lines = runs.map((known) =>
    `${known.run}  ${known.outcome ?? known.phase}  ${known.openedAt}  ${known.sentence ?? ''}`.trimEnd(),
  );
  return { data: { runs }, text: lines.join('\n') };
}
