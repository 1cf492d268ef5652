import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../src/contract/activity-types';
import { rollbackInput, type RollbackInput, type RollbackResult } from '../src/contract/run';
import * as options from './runtime/activity-options';
import { parseInput, plainFailure } from './runtime/input';
import { asUserFailure } from './runtime/user-failure';

const undo = proxyActivities<Activities>(options.compensation);

/**
 * Undoes a run from the ledger alone, newest step first, and proves the target equal to before. Runs by itself after a
 * Terminate, or as a child of an aborted run. No messages; never continues as new.
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

async function undoAll(input: RollbackInput): Promise<RollbackResult> {
  const ref = { run: input.run, ledger: input.ledger };
  await undo.recordEvent(ref, 'rollback', { by: input.by, reason: input.reason });
  await undo.revokeLeases(ref);
  const steps = await undo.openSteps(ref);
  for (const step of steps) {
    await undo.compensate.executeWithOptions({ summary: `undo ${step.kind}` }, [ref, step.ordinal]);
  }
  const { equal, differences, notes } = await undo.proveRollback(ref);
  const beside = notes.length === 0 ? '' : ` Changes that others made meanwhile were left alone: ${listed(notes)}.`;
  if (!equal) {
    const places = differences.length === 1 ? '1 object is' : `${differences.length} objects are`;
    const sentence = `Rolled back, but ${places} not as before: ${listed(differences)}. Fix that by hand, then roll back again.${beside}`;
    await undo.closeRun(ref, 'failed', sentence);
    throw plainFailure('RollbackIncomplete', sentence);
  }
  const undone = steps.length === 1 ? '1 step' : `${steps.length} steps`;
  const verdict = `Rolled back: ${undone} undone, the target is as it was.${beside}`;
  await undo.closeRun(ref, 'rolled_back', verdict);
  return { verdict, run: input.run, steps: steps.length, fingerprintEqual: equal, notes: [...notes] };
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
