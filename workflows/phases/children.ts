import {
  CancellationScope,
  executeChild,
  proxyActivities,
  startChild,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities, OpenedRun, Verdict } from '../../src/contract/activity-types';
import type { PersistInput } from '../../src/contract/batch-copy';
import type { RollbackResult } from '../../src/contract/run';
import { groupMappings } from '../../src/copy/group-mappings';
import { reportSteps } from '../../src/progress/table-progress';
import * as options from '../runtime/activity-options';
import { batchCopy } from '../batch-copy';
import type { OperatorControl } from '../operator/control';
import { discovery } from '../discovery';
import { pausedSignal } from '../operator/messages';
import { persist } from '../persist';
import { rollback } from '../rollback';
import { validation } from '../validation';
import { withReconciliation } from '../../src/progress/run-view';

const control = proxyActivities<Activities>(options.quick);

/** Ends in uuid4: after a UI Reset a fixed id would collide with the old child, which still runs. The fence decides between them. */
export function childId(run: OpenedRun, kind: string): string {
  return `${run.ref.run}-${kind}-${uuid4()}`;
}

function phaseInput(run: OpenedRun): { ref: OpenedRun['ref']; mappings: string[]; inFlight: number } {
  return { ref: run.ref, mappings: run.mappings.map((mapping) => mapping.name), inFlight: run.inFlight };
}

export async function runDiscovery(run: OpenedRun, operator: OperatorControl): Promise<void> {
  const workflowId = childId(run, 'discovery');
  remember(operator, 'discovery', workflowId);
  await executeChild(discovery, { workflowId, args: [phaseInput(run)], staticSummary: `${run.plan}: discovery` });
}

export async function runValidation(run: OpenedRun, operator: OperatorControl, live = false): Promise<Verdict> {
  const workflowId = childId(run, 'validation');
  remember(operator, 'validation', workflowId);
  const verdict = await executeChild(validation, {
    workflowId,
    args: [{ ...phaseInput(run), ...(live ? { live } : {}) }],
    staticSummary: `${run.plan}: proof of every row`,
  });
  operator.change((view) => withReconciliation(view, verdict.reconciliation));
  return verdict;
}

/** A child for each big table, the small ones in groups; all at once, the worker's slots decide how many batches run. */
export async function runCopy(run: OpenedRun, operator: OperatorControl): Promise<void> {
  const groups = groupMappings(run.mappings);
  const parent = workflowInfo().workflowId;
  const results: Promise<void>[] = [];
  const scope = new CancellationScope();
  try {
    await scope.run(async () => {
      for (const group of groups) {
        const workflowId = childId(run, 'copy');
        const paused = operator.paused();
        const handle = await startChild(batchCopy, {
          workflowId,
          args: [
            {
              ref: run.ref,
              mappings: [...group],
              inFlight: run.inFlight,
              parent,
              searchAttributes: run.searchAttributes,
              paused,
              reports: reportSteps(run.mappings.length),
            },
          ],
          staticSummary: `${run.plan}: ${group.length === 1 ? group[0] : `${group.length} small tables`}`,
        });
        results.push(handle.result());
        operator.listen(workflowId);
        if (operator.paused() !== paused) await handle.signal(pausedSignal, operator.paused());
        remember(operator, 'batchCopy', workflowId);
      }
      await Promise.all(results);
    });
  } catch (error) {
    scope.cancel();
    await CancellationScope.nonCancellable(() => Promise.allSettled(results));
    throw error;
  } finally {
    operator.quiet();
  }
}

export async function runRollback(run: OpenedRun, by: string, reason: string): Promise<RollbackResult> {
  await control.startPhase({ ref: run.ref, phase: 'rollback' });
  const result = await executeChild(rollback, {
    workflowId: childId(run, 'rollback'),
    args: [{ run: run.ref.run, ledger: run.ref.ledger, by, reason }],
    staticSummary: `${run.plan}: undo`,
  });
  await control.finishPhase({ ref: run.ref, phase: 'rollback' });
  return result;
}

/** What goes only forward, tried until it works, as a child of its own. */
export async function runPersist(
  run: OpenedRun,
  operator: OperatorControl,
  order: Omit<PersistInput, 'ref' | 'parent'>,
): Promise<unknown> {
  const workflowId = childId(run, 'persist');
  remember(operator, 'persist', workflowId);
  return executeChild(persist, {
    workflowId,
    args: [{ ref: run.ref, parent: workflowInfo().workflowId, ...order }],
    staticSummary: `${run.plan}: ${order.work}`,
  });
}

export function remember(operator: OperatorControl, kind: string, workflowId: string): void {
  operator.change((view) => ({ ...view, children: [...view.children, { kind, workflowId }] }));
}
