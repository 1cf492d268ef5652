import { executeChild } from '@temporalio/workflow';
import type { OverrideFields } from '../../src/contract/delta';
import type { CutoverInput } from '../../src/contract/batch-copy';
import { overridesOf } from '../../src/cutover/overrides';
import type { OpenedRun } from '../../src/contract/activity-types';
import type { OperatorControl } from '../operator/control';
import { cutover, type CutoverAttempt } from '../cutover';
import { childId, remember } from './children';

/** The settings that came with an approval or the order of a drill, where there are any. */
export function ordered(message: OverrideFields): Pick<CutoverInput, 'overrides'> {
  const overrides = overridesOf(message);
  return overrides === undefined ? {} : { overrides };
}

/** A cutover, or a drill, as a child of its own. The apply lease has to be free. */
export async function runCutover(
  run: OpenedRun,
  operator: OperatorControl,
  order: Omit<CutoverInput, 'ref'>,
): Promise<CutoverAttempt> {
  const workflowId = childId(run, order.drill ? 'drill' : 'cutover');
  remember(operator, order.drill ? 'drill' : 'cutover', workflowId);
  return executeChild(cutover, {
    workflowId,
    args: [{ ref: run.ref, ...order }],
    staticSummary: `${run.plan}: ${order.drill ? 'drill' : 'cutover'}`,
  });
}
