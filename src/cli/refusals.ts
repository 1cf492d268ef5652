import { fail, RowproofError } from '../errors/rowproof-error';
import { abortAndUndo, approve, look, replaceWorkflow, watch, worker } from '../progress/commands';
import { wayFix } from '../progress/ways-out';
import type { RunStatus } from '../contract/run';
import { thisBuild } from '../worker/this-build';
import { driverState, silenceSentence, type DriverState } from './driver-state';
import { withLedger } from './locate-run';
import type { RunRecord } from './run-record';
import type { TemporalSession } from './temporal';
import type { Terminal } from './terminal';
import { isRunNotFound } from '../errors/error-kinds';

/** RP4206 with the commands that lead on from where the run ended, as far as its ledger can be read here. */
export async function refusedAfterEnd(terminal: Terminal, record: RunRecord, cause?: unknown): Promise<RowproofError> {
  const fix = await waysOn(terminal, record);
  return fail('RP4206', `${record.run} has no open workflow.`, { ...(fix === null ? {} : { fix }), cause });
}

/** The commands that lead on from a run without an open workflow, as far as its ledger can be read here. */
export async function waysOn(terminal: Terminal, record: RunRecord): Promise<string | null> {
  const { readRunEnd } = await import('../postgres/ledger/run/run-end');
  try {
    return wayFix(await withLedger(terminal, record, 'look', (session) => readRunEnd(session, record.run)));
  } catch (error) {
    if (isRunNotFound(error))
      return 'It was finished, or was never on this target: `rowproof status --all` lists the runs.';
    const what = error instanceof RowproofError ? `${error.problems[0]?.what}. ` : '';
    return `${what}With the connection of its target: \`${look(record.run)}\` shows the next commands.`;
  }
}

/** RP4210, or RP4211 where a worker polls that cannot carry the workflow on. */
export function silent(
  record: Pick<RunRecord, 'run' | 'plansFolder'>,
  state: Extract<DriverState, { kind: 'silent' }>,
): RowproofError {
  const fix = silenceFix(record, state);
  return fail(state.stuck === null ? 'RP4210' : 'RP4211', silenceSentence(record.run, state), { fix });
}

export function silenceFix(
  record: Pick<RunRecord, 'run' | 'plansFolder'>,
  state: Extract<DriverState, { kind: 'silent' }>,
): string {
  const start = `\`${worker(state.taskQueue, record.plansFolder)}\``;
  if (state.stuck === null && (state.build === null || state.build === thisBuild()))
    return `Start a worker, with the connections of the plan in its environment: ${start}.${revived(record, state)}`;
  const version = state.build === null ? 'the version that started it' : `rowproof ${state.build}`;
  return `Start a worker of ${version}, or end its workflow and go on from the ledger: \`${replaceWorkflow(record.run)}\`.`;
}

/** `watch` starts a worker only where the run is one of the local Temporal of this machine, and the plans folder is known. */
function revived({ run, plansFolder }: Pick<RunRecord, 'run' | 'plansFolder'>, { local }: { local: boolean }): string {
  return local && plansFolder !== null ? ` Or, on this machine: \`${watch(run)}\`.` : '';
}

/** RP4202 of a command that needs the run's workflow to be closed, with what leads there; nothing where it is closed. */
export async function refuseOpen(temporal: TemporalSession, record: RunRecord): Promise<void> {
  const state = await driverState(temporal, temporal.client.workflow.getHandle(record.workflowId));
  if (state.kind === 'answers') throw running(record.run, state.status);
  if (state.kind === 'silent')
    throw fail('RP4202', silenceSentence(record.run, state), { fix: silenceFix(record, state) });
}

/** RP4202 with the commands that the run takes now. */
export function running(run: string, status: RunStatus): RowproofError {
  const { gates = [], code, forward } = status;
  const ways = gates.includes('keep')
    ? ['It asks what to do:', ...gates.map((gate) => `\`${approve(run, gate, code)}\``)]
    : [`Watch it: \`${watch(run)}\`.`, ...(forward === true ? [] : [`To stop and undo it: \`${abortAndUndo(run)}\`.`])];
  return fail('RP4202', `${run} is running, and is in ${status.phase}: ${status.sentence.replace(/\.$/, '')}.`, {
    fix: ways.join(' '),
  });
}
