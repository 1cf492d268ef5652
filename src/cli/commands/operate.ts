import { randomUUID } from 'node:crypto';
import {
  isGrpcDeadlineError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type WorkflowHandle,
} from '@temporalio/client';
import type { OverrideFields } from '../../contract/delta';
import type { RunStatus } from '../../contract/run';
import { fail } from '../../errors/rowproof-error';
import { look } from '../../progress/commands';
import { driverState } from '../driver-state';
import { exitCodes } from '../exit-codes';
import { locateRun } from '../locate-run';
import { wholeNumber } from '../number-option';
import type { RunRecord } from '../run-record';
import type { CommandResult, Terminal } from '../terminal';
import { refusedAfterEnd, silent } from '../refusals';
import { connectTemporal, type TemporalSession } from '../temporal';

export interface Person {
  readonly by: string;
  readonly reason: string;
  readonly run?: string;
  readonly plan?: string;
}

/** Settings of the cutover that count for one attempt. */
interface AttemptTerms {
  readonly maxFreeze?: string;
  readonly books?: string;
}

export async function approve(
  terminal: Terminal,
  gate: string,
  options: Person & AttemptTerms & { code: string },
): Promise<CommandResult> {
  return update(terminal, 'approve', options, { gate, code: options.code, ...signed(options), ...termsOf(options) });
}

/** Approves the gate of the cutover, or does a drill and says how long writers waited. */
export async function cutover(
  terminal: Terminal,
  run: string | undefined,
  options: Person & AttemptTerms & { code?: string; drill?: boolean },
): Promise<CommandResult> {
  const person = { ...options, ...(run === undefined ? {} : { run }) };
  if (options.drill === true)
    return update(terminal, 'drill', person, { ...signed(options), ...termsOf(options) }, cameOf);
  if (options.code === undefined) {
    throw fail('RP9001', '`cutover` needs --code: the plan code, as status shows it.', {
      why: 'It says that you approve this plan and not another one.',
      fix: 'Add --code CODE, or --drill to try it first.',
    });
  }
  return approve(terminal, 'cutover', { ...person, code: options.code });
}

export async function decide(
  terminal: Terminal,
  finding: string,
  action: string,
  options: Person & { expect?: string; tolerance?: string },
): Promise<CommandResult> {
  const expect =
    options.expect === undefined
      ? {}
      : {
          expect: {
            rows: wholeNumber('--expect', options.expect, 0),
            tolerance: wholeNumber('--tolerance', options.tolerance ?? '0', 0),
          },
        };
  return update(terminal, 'decide', options, { finding, do: action, ...expect, ...signed(options) });
}

export async function resolve(
  terminal: Terminal,
  what: string,
  action: string,
  options: Person,
): Promise<CommandResult> {
  return update(terminal, 'resolve', options, { what, do: action, ...signed(options) });
}

export async function abort(
  terminal: Terminal,
  run: string | undefined,
  options: Person & { then?: string },
): Promise<CommandResult> {
  const then = options.then === undefined ? {} : { then: options.then };
  return update(
    terminal,
    'abort',
    { ...options, ...(run === undefined ? {} : { run }) },
    { ...signed(options), ...then },
  );
}

export async function pauseOrResume(
  terminal: Terminal,
  name: 'pause' | 'resume',
  run: string | undefined,
  { by, reason, ...options }: Partial<Person>,
): Promise<CommandResult> {
  const message = { ...(by === undefined ? {} : { by }), ...(reason === undefined ? {} : { reason }) };
  return update(terminal, name, { ...options, ...(run === undefined ? {} : { run }) }, message);
}

function signed(person: Person): { by: string; reason: string } {
  return { by: person.by, reason: person.reason };
}

function termsOf({ maxFreeze, books }: AttemptTerms): OverrideFields {
  return { ...(maxFreeze === undefined ? {} : { max_freeze: maxFreeze }), ...(books === undefined ? {} : { books }) };
}

interface CameOf {
  readonly exit: number;
  readonly data: Readonly<Record<string, unknown>>;
}

async function update(
  terminal: Terminal,
  name: string,
  options: Pick<Person, 'run' | 'plan'>,
  message: unknown,
  cameOf?: (handle: WorkflowHandle, answer: string) => Promise<CameOf>,
): Promise<CommandResult> {
  return withHandle(terminal, options.run, options, async (handle, record, temporal) => {
    const answer = await send(terminal, temporal, handle, record, name, message);
    const { exit, data } = (await cameOf?.(handle, answer)) ?? { exit: exitCodes.ok.code, data: {} };
    return { exit, data: { run: record.run, command: name, answer, ...data }, text: `${record.run}: ${answer}` };
  });
}

/** Whether the drill of this answer came to its end: one that let writers go early, or never had them wait, says nothing of the night. */
async function cameOf(handle: WorkflowHandle, answer: string): Promise<CameOf> {
  const { follow } = await handle.query<RunStatus>('status');
  // a drill that was cut short answers without leaving facts; those there are of an earlier one
  const outcome = follow?.drill?.sentence === answer ? follow.drill.outcome : null;
  return { exit: outcome === 'drilled' ? exitCodes.ok.code : exitCodes.notProved.code, data: { outcome } };
}

/** How long a command is waited for before somebody looks whether there is a worker at all. */
const patienceMs = 12_000;

/** Sends an update and waits for its answer. RP4210, RP4211 where nobody takes it: what was not taken is not carried out later. */
async function send(
  terminal: Terminal,
  temporal: TemporalSession,
  handle: WorkflowHandle,
  record: RunRecord,
  name: string,
  message: unknown,
): Promise<string> {
  const updateId = randomUUID();
  const order = { args: [message] as [unknown], updateId, waitForStage: 'ACCEPTED' as const };
  for (;;) {
    try {
      const taken = await temporal.client.withDeadline(Date.now() + patienceMs, () =>
        handle.startUpdate<string, [unknown]>(name, order),
      );
      return await taken.result();
    } catch (error) {
      if (!isTimeout(error)) throw error;
      await refuseSilence(terminal, temporal, handle, record);
    }
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isGrpcDeadlineError(error);
}

async function refuseSilence(
  terminal: Terminal,
  temporal: TemporalSession,
  handle: WorkflowHandle,
  record: RunRecord,
): Promise<void> {
  const state = await driverState(temporal, handle);
  if (state.kind === 'closed' || state.kind === 'absent') throw await refusedAfterEnd(terminal, record);
  if (state.kind === 'silent' && (state.stuck !== null || !state.polled)) throw silent(record, state);
}

async function withHandle(
  terminal: Terminal,
  run: string | undefined,
  options: { plan?: string },
  work: (handle: WorkflowHandle, record: RunRecord, temporal: TemporalSession) => Promise<CommandResult>,
): Promise<CommandResult> {
  const record = await locateRun(terminal, run, options);
  const temporal = await connectTemporal(terminal, { start: false });
  try {
    return await work(temporal.client.workflow.getHandle(record.workflowId), record, temporal);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw await refusedAfterEnd(terminal, record, error);
    if (error instanceof WorkflowUpdateFailedError) {
      throw fail('RP4207', error.cause instanceof Error ? error.cause.message : 'The run refused the command.', {
        fix: `See what it waits for: \`${look(record.run)}\``,
        cause: error,
      });
    }
    throw error;
  } finally {
    await temporal.close();
  }
}
