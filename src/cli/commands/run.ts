import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { MigrationResult } from '../../contract/run';
import { fail, type Problem } from '../../errors/rowproof-error';
import { watch } from '../../progress/commands';
import { sentenceOf } from '../../progress/failure-sentence';
import { waysOut } from '../../progress/ways-out';
import { driverState } from '../driver-state';
import { exitCodes } from '../exit-codes';
import { follow } from '../follow';
import { renderStatus } from '../screen/live-view';
import { fleetQueue } from '../fleet-queue';
import { ensureWorker, fleetName, reviveWorker } from '../local-worker';
import { locateRun, withLedger } from '../locate-run';
import { percent } from '../number-option';
import { openDrivers } from '../open-drivers';
import { isRunName, planArgument, type PlanArgument } from '../plan-argument';
import { silent as silentError } from '../refusals';
import { renderProblem } from '../screen/render-error';
import { rememberRun, runFolder, type RunRecord } from '../run-record';
import { writeRunReport } from '../run-report';
import type { CommandResult, Terminal } from '../terminal';
import { startRun } from '../start-run';
import { renderEnd } from '../screen/render-end';
import { connectTemporal, detailsLink, type TemporalSession } from '../temporal';
import type { FailedOutcome, WatchedEnd } from '../screen/watched-end';

export interface RunOptions {
  readonly only?: string[];
  readonly sample?: string;
  readonly detach?: boolean;
  readonly check?: boolean;
  readonly resume?: string;
  /** Without a terminal: goes on when the run waits for a person. */
  readonly wait?: boolean;
  /** Ends an open workflow that no worker here can carry on. */
  readonly replaceWorkflow?: boolean;
  /** Where RUN is given instead of a plan: finds it in the ledger of this plan. */
  readonly plan?: string;
}

/** Opens (or finds) the run of a plan, starts its workflow and follows it to the verdict; given an unfinished run goes on with that. */
export async function run(terminal: Terminal, planOrRun: string, options: RunOptions): Promise<CommandResult> {
  const sample = options.sample === undefined ? null : percent('--sample', options.sample);
  const known = isRunName(terminal.cwd, planOrRun) ? await locateRun(terminal, planOrRun, options) : null;
  if (known !== null && (sample !== null || options.only !== undefined || options.check === true || options.resume))
    throw fail(
      'RP9001',
      'A run goes on with the options it was started with: --only, --sample, --check and --resume need a plan.',
    );
  const file = known === null ? planArgument(terminal.cwd, planOrRun) : null;
  const { continueRun, openRun, resumeRun } = await import('../../engine/run/open-run');
  const temporal = await connectTemporal(terminal, { start: true });
  try {
    const { workflowIsOpen } = await import('../../worker/workflow-state');
    const drivers = openDrivers(terminal, temporal, options, (workflowId) =>
      workflowIsOpen(temporal.client, workflowId),
    );
    // before anything is opened: what nobody would take is not begun
    const fleet = known === null ? fleetName(terminal, temporal, null) : null;
    if (fleet !== null) await fleetQueue(temporal, fleet, file?.folder ?? null);
    const opened =
      known !== null
        ? await withLedger(terminal, known, 'go on', (session, ref) => continueRun(session, ref, drivers.isDriven))
        : options.resume === undefined
          ? await openRun(file as PlanArgument, terminal.env, {
              only: options.only ?? null,
              sample,
              checkOnly: options.check === true,
              workflowId: null,
              workflowIsOpen: drivers.isDriven,
            })
          : await resumeRun(file as PlanArgument, terminal.env, options.resume, drivers.isDriven);
    if (opened.resumed) terminal.talk(`${opened.ref.run} is unfinished: going on from its ledger.`);
    if (opened.settingsDiffer) {
      terminal.talk('The settings of the plan file were edited since; the run keeps those it was started with.');
    }
    const plansFolder = known?.plansFolder ?? file?.folder ?? terminal.cwd;
    const place = { reviving: drivers.reviving(), queue: known?.taskQueue ?? null };
    const worker = await ensureWorker(terminal, temporal, plansFolder, place);
    let record: RunRecord = {
      run: opened.ref.run,
      plan: opened.plan,
      code: opened.code,
      ledger: opened.ref.ledger,
      workflowId: drivers.reviving() ?? opened.ref.run,
      plansFolder,
      planFile: file?.file ?? known?.planFile ?? null,
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
    return await watchToEnd(terminal, temporal, handle, record, options.wait === true);
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
  wait: boolean,
): Promise<CommandResult> {
  const silent = async (): Promise<void> => {
    const state = await driverState(temporal, handle);
    if (state.kind !== 'silent' || state.stuck === null) return reviveWorker(terminal, temporal, record);
    const error = silentError(record, state);
    if (!terminal.interactive && !wait) throw error;
    terminal.talk(renderProblem(error.problems[0] as Problem));
  };
  const end = await follow(terminal, temporal, handle, { silent, wait });
  const link = await detailsLink(temporal, handle.workflowId);
  if (end.kind === 'waiting') {
    return {
      data: { run: record.run, plan: record.plan, waiting: true, status: end.status, ui: link },
      text: [
        ...renderStatus(end.status, link),
        `${record.run} waits for you and goes on after that. Come back with:  ${watch(record.run)}`,
      ].join('\n'),
      exit: exitCodes.waiting.code,
    };
  }
  if (end.kind === 'detached') {
    terminal.talk(`Detached; ${record.run} goes on. Come back with:  ${watch(record.run)}`);
    return { ...detached(record, link), exit: exitCodes.detached.code };
  }
  const result = await outcomeOf(handle);
  const report = await writeRunReport(terminal, record);
  const { readRunEnd } = await import('../../postgres/ledger/run/run-end');
  const ways = waysOut(await withLedger(terminal, record, 'end', (session) => readRunEnd(session, record.run)));
  return renderEnd(record, result, report, link, runFolder(terminal.cwd, record.run), ways);
}

async function outcomeOf(handle: WorkflowHandle): Promise<WatchedEnd> {
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
    text: `${record.run} runs in Temporal. Come back with:  ${watch(record.run)}`,
  };
}
