import { continueAsNew, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../src/contract/activity-types';
import { rollbackInput, type RollbackInput, type RollbackResult } from '../src/contract/run';
import * as options from './runtime/activity-options';
import { parseInput, plainFailure } from './runtime/input';
import { counted } from '../src/report/counted';
import { asUserFailure } from './runtime/user-failure';

const undo = proxyActivities<Activities>(options.compensation);

/**
 * Undoes a run from the ledger alone, newest step first, and proves the target equal to before. Runs by itself after a
 * Terminate, or as a child of an aborted run. No messages; continues as new every 150 steps.
 */
export async function rollback(raw: unknown): Promise<RollbackResult> {
  const input = parseInput(rollbackInput, raw, 'rollback', {
    run: 'crm-3',
    ledger: 'env:CRM_URL',
    by: 'you',
    reason: 'why',
  });
  return asUserFailure(() => undoAll(input));
}

/** Steps that one execution undoes: each is about nine events. */
const page = 150;

async function undoAll(input: RollbackInput): Promise<RollbackResult> {
  const ref = { run: input.run, ledger: input.ledger };
  const { undone: before = null } = input;
  if (before === null) {
    await undo.recordEvent({ ref, kind: 'rollback', body: { by: input.by, reason: input.reason } });
    await undo.revokeLeases(ref);
  }
  const open = await undo.openSteps(ref);
  for (const step of open.slice(0, page)) {
    await undo.compensate.executeWithOptions({ summary: `undo ${step.kind}` }, [{ ref, ordinal: step.ordinal }]);
  }
  if (open.length > page) await continueAsNew<typeof rollback>({ ...input, undone: (before ?? 0) + page });
  const steps = (before ?? 0) + open.length;
  const { equal, differences, notes } = await undo.proveRollback(ref);
  const beside = notes.length === 0 ? '' : ` Changes that others made meanwhile were left alone: ${listed(notes)}.`;
  if (!equal) {
    const places = differences.length === 1 ? '1 object is' : `${differences.length} objects are`;
    const sentence = `Rolled back, but ${places} not as before: ${listed(differences)}. Fix that by hand, then roll back again.${beside}`;
    await undo.closeRun({ ref, outcome: 'failed', sentence });
    throw plainFailure('RollbackIncomplete', sentence);
  }
  const undone = counted(steps, 'step');
  const verdict = `Rolled back: ${undone} undone, the target is as it was.${beside}`;
  await undo.closeRun({ ref, outcome: 'rolled_back', sentence: verdict });
  return { verdict, run: input.run, steps, fingerprintEqual: equal, notes: [...notes] };
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
