import { condition, currentUpdateInfo, proxyActivities, setHandler, uuid4 } from '@temporalio/workflow';
import type { Activities } from '../../src/contract/activity-types';
import type { Command } from '../../src/contract/command';
import { abortUnwritten, abortWritten, carriedOut, refusalOf } from '../../src/orchestration/operator-control';
import { chosenFindings } from '../../src/progress/refusals';
import { workflowTime } from '../runtime/clock';
import * as options from '../runtime/activity-options';
import { unwrittenBecause } from '../runtime/failure-kind';
import { plainFailure } from '../runtime/input';
import type { CommandRecords } from './command-records';
import { commandUpdates, parseCommand } from './commands';
import type { ControlState } from './state';

const bounded = proxyActivities<Activities>(options.command);

/**
 * Installs the updates that operators send. A validator refuses with one sentence before anything is recorded; what it lets through is
 * written as accepted, carried out, and written as done, one after the other.
 */
export function installUpdates(operator: ControlState, records: CommandRecords): void {
  for (const { name, update, description } of commandUpdates) {
    setHandler(
      update,
      (raw) => carryOut(operator, records, parseCommand(name, raw, operator.view), currentUpdateInfo()?.id),
      {
        description,
        validator: (raw) => refuse(refusalOf(operator.situation(), parseCommand(name, raw, operator.view))),
      },
    );
  }
}

/** Carries a command out, or throws why it is refused. `id`: of the update; a signal has none. */
export async function carryOut(
  operator: ControlState,
  records: CommandRecords,
  command: Command,
  id = uuid4(),
): Promise<string> {
  if (command.name === 'pause') return pause(operator, records, command, id);
  const answer = await records.inOrder(() => inItsTurn(operator, records, command, id));
  if (answer !== null) return answer;
  const answered = (): string | null =>
    operator.operators.drillAnswer?.id === id ? operator.operators.drillAnswer.sentence : null;
  await condition(() => answered() !== null);
  records.conclude(command, id, 'done');
  return answered() as string;
}

/** Holds at once; the history has it, and the ledger gets it when it is there. */
async function pause(operator: ControlState, records: CommandRecords, command: Command, id: string): Promise<string> {
  refuse(refusalOf(operator.situation(), command));
  const step = carriedOut(operator.situation(), command, id, workflowTime());
  records.conclude(command, id, 'done');
  await operator.take(step);
  return step.answer as string;
}

async function inItsTurn(
  operator: ControlState,
  records: CommandRecords,
  command: Command,
  id: string,
): Promise<string | null> {
  if (command.name === 'abort') await whenOpened(operator);
  // what the validator saw may have changed while others had their turn
  refuse(refusalOf(operator.situation(), command));
  const unwritten = await written(operator, records, command, id);
  if (unwritten !== null) {
    if (command.name === 'abort') return abortLater(operator, records, command, id);
    records.conclude(command, id, 'refused');
    refuse(
      `The ledger cannot be written now, so nothing was done: ${unwritten} Send it again once the target answers.`,
    );
  }
  const refusal = command.name === 'decide' ? null : refusalOf(operator.situation(), command);
  if (refusal !== null) {
    records.conclude(command, id, 'refused');
    refuse(refusal);
  }
  const step = carriedOut(operator.situation(), command, id, workflowTime());
  await operator.take(step);
  if (step.answer !== null && command.name !== 'decide') records.conclude(command, id, 'done');
  return step.answer;
}

/** Whoever has just started a run may stop it at once: the abort counts as soon as there is something to stop. */
async function whenOpened(operator: ControlState): Promise<void> {
  if (!operator.operators.opening) return;
  await condition(() => !operator.operators.opening);
  if (!operator.operators.working) refuse('The run could not be opened: there is nothing to abort.');
}

/** Null once the ledger has it. A decision is a row of the ledger: it is made with its record, in one transaction. */
async function written(
  operator: ControlState,
  records: CommandRecords,
  command: Command,
  id: string,
): Promise<string | null> {
  if (command.name !== 'decide') return records.accept(command, id);
  const { message } = command;
  const findings = chosenFindings(message, operator.view.undecided).map((finding) => finding.id);
  let missing: string | null;
  try {
    ({ missing } = await bounded.decide({ ref: operator.requireRun().ref, message, findings, command: id }));
  } catch (error) {
    return unwrittenBecause(error);
  }
  // refused here and not by the validator: only the ledger knows the limits
  refuse(missing);
  return null;
}

/** Stops feeding as `pause` does; what the abort undoes is undone once the ledger has it. */
async function abortLater(
  operator: ControlState,
  records: CommandRecords,
  command: Command & { name: 'abort' },
  id: string,
): Promise<string> {
  const step = abortUnwritten(operator.situation(), command.message, workflowTime());
  void records.acceptLater(command, id).then(async () => {
    await operator.take(abortWritten(operator.situation(), workflowTime()));
    records.conclude(command, id, operator.operators.forward ? 'refused' : 'done');
  });
  await operator.take(step);
  return step.answer as string;
}

function refuse(refusal: string | null): void {
  if (refusal !== null) throw plainFailure('Refused', refusal);
}
