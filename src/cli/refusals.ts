import { fail, type RowproofError } from '../errors/rowproof-error';
import { abortAndUndo, replaceWorkflow, watch, worker } from '../progress/commands';
import { wayFix } from '../progress/ways-out';
import { silenceSentence, type DriverState } from './driver-state';
import { withLedger } from './locate-run';
import type { RunRecord } from './run-record';
import type { Terminal } from './terminal';

/** RP4206 with the commands that lead on from where the run ended, as far as its ledger can be read here. */
export async function refusedAfterEnd(terminal: Terminal, record: RunRecord, cause?: unknown): Promise<RowproofError> {
  const fix = await waysOn(terminal, record);
  return fail('RP4206', `${record.run} has no open workflow.`, { ...(fix === null ? {} : { fix }), cause });
}

/** The commands that lead on from a run without an open workflow; null when its ledger cannot be read here. */
export async function waysOn(terminal: Terminal, record: RunRecord): Promise<string | null> {
  const { readRunEnd } = await import('../postgres/ledger/run-end');
  try {
    return wayFix(await withLedger(terminal, record, 'look', (session) => readRunEnd(session, record.run)));
  } catch {
    return null;
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
  return state.stuck === null
    ? `Start a worker, with the connections of the plan in its environment: ${start}. Or, on this machine: \`rowproof watch ${record.run}\`.`
    : `Start a worker of the version that began it, or end its workflow and go on from the ledger: \`${replaceWorkflow(record.run)}\`.`;
}

/** RP4202 of a command that needs the run's workflow to be closed. */
export function runningFail(run: string): RowproofError {
  return fail('RP4202', `${run} is running.`, {
    fix: `Watch it: \`${watch(run)}\`. To stop and undo it: \`${abortAndUndo(run)}\`.`,
  });
}
