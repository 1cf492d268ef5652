import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { MigrationResult } from '../../contract/run';
import { sentenceOf } from '../../progress/failure-sentence';
import { exitCodes } from '../exit-codes';
import { follow } from '../follow';
import { ensureWorker, reviveWorker } from '../local-worker';
import { percent } from '../number-option';
import { planArgument } from '../plan-argument';
import { rememberRun, runFolder, type RunRecord } from '../run-record';
import { writeRunReport } from '../run-report';
import type { CommandResult, Terminal } from '../terminal';
import { startRun } from '../start-run';
import { renderEnd } from '../render-end';
import { connectTemporal, detailsLink, type TemporalSession } from '../temporal';

export interface RunOptions {
  readonly only?: string[];
  readonly sample?: string;
  readonly detach?: boolean;
  readonly check?: boolean;
  readonly resume?: string;
}

/** Opens (or finds) the run of a plan, starts its workflow and follows it to the verdict. */
export async function run(terminal: Terminal, planPath: string, options: RunOptions): Promise<CommandResult> {
  const file = planArgument(terminal.cwd, planPath);
  const sample = options.sample === undefined ? null : percent('--sample', options.sample);
  const { openRun, resumeRun } = await import('../../../activities/open-run');
  const temporal = await connectTemporal(terminal, { start: true });
  try {
    const { workflowIsOpen } = await import('../../worker/workflow-state');
    const isOpen = (workflowId: string): Promise<boolean> => workflowIsOpen(temporal.client, workflowId);
    const opened =
      options.resume === undefined
        ? await openRun(file, terminal.env, {
            only: options.only ?? null,
            sample,
            checkOnly: options.check === true,
            workflowId: null,
            workflowIsOpen: isOpen,
          })
        : await resumeRun(file, terminal.env, options.resume, isOpen);
    if (opened.resumed) terminal.talk(`${opened.ref.run} is unfinished: going on from its ledger.`);
    if (opened.settingsDiffer) {
      terminal.talk('The settings of the plan file were edited since; the run keeps those it was started with.');
    }
    const worker = await ensureWorker(terminal, temporal, file.folder);
    let record: RunRecord = {
      run: opened.ref.run,
      plan: opened.plan,
      code: opened.code,
      ledger: opened.ref.ledger,
      workflowId: opened.ref.run,
      plansFolder: file.folder,
      taskQueue: worker.taskQueue,
      startedAt: new Date().toISOString(),
      workerPid: worker.pid,
    };
    const { handle, workflowId } = await startRun(temporal, record, opened.identity, options.check === true);
    // a run that is open already keeps the queue it was started on
    const { taskQueue } = await handle.describe();
    record = { ...record, workflowId, taskQueue };
    if (taskQueue !== worker.taskQueue) await reviveWorker(terminal, temporal, record);
    rememberRun(terminal.cwd, record);
    const link = await detailsLink(temporal, handle.workflowId);
    terminal.talk(`${record.run}: ${link === null ? `workflow ${handle.workflowId}` : `Temporal UI ${link}`}`);
    if (options.detach === true) return detached(record, link);
    return await watchToEnd(terminal, temporal, handle, record);
  } finally {
    await temporal.close();
  }
}

/** Follows a run that is under way, then prints its end; Ctrl-C leaves it running. */
export async function watchToEnd(
  terminal: Terminal,
  temporal: TemporalSession,
  handle: WorkflowHandle,
  record: RunRecord,
): Promise<CommandResult> {
  const end = await follow(terminal, temporal, handle, () => reviveWorker(terminal, temporal, record));
  const link = await detailsLink(temporal, handle.workflowId);
  if (end.kind === 'detached') {
    terminal.talk(`Detached; ${record.run} goes on. Come back with:  rowproof watch ${record.run}`);
    return { ...detached(record, link), exit: exitCodes.detached.code };
  }
  const result = await outcomeOf(handle);
  const report = await writeRunReport(terminal, record);
  return renderEnd(record, result, report, link, runFolder(terminal.cwd, record.run));
}

export type RunEnd =
  | { readonly ok: true; readonly result: MigrationResult }
  | { readonly ok: false; readonly outcome: FailedOutcome; readonly sentence: string };

export type FailedOutcome = 'failed' | 'aborted' | 'rolled_back' | 'cancelled';

async function outcomeOf(handle: WorkflowHandle): Promise<RunEnd> {
  try {
    return { ok: true, result: (await handle.result()) as MigrationResult };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    return { ok: false, outcome: failedOutcome(error.cause), sentence: sentenceOf(error.cause ?? error) };
  }
}

function failedOutcome(cause: unknown): FailedOutcome {
  if (cause instanceof CancelledFailure) return 'cancelled';
  const type = cause instanceof ApplicationFailure ? cause.type : null;
  return type === 'RolledBack' ? 'rolled_back' : type === 'Aborted' ? 'aborted' : 'failed';
}

function detached(record: RunRecord, link: string | null): CommandResult {
  return {
    data: { run: record.run, plan: record.plan, workflowId: record.workflowId, ui: link, detached: true },
    text: `${record.run} runs in Temporal. Come back with:  rowproof watch ${record.run}`,
  };
}
