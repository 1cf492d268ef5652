import { WorkflowExecutionAlreadyStartedError, type WorkflowHandle } from '@temporalio/client';
import type { RunMemo } from '../contract/run-memo';
import { fail } from '../errors/rowproof-error';
import type { RunRecord } from './run-record';
import type { TemporalSession } from './temporal';

/**
 * Starts the workflow under the run's name. Where a workflow of that name drives a run of another ledger, the run's
 * identity is added to the name; where it drives this run already, that one is followed.
 */
export async function startRun(
  temporal: TemporalSession,
  record: RunRecord,
  identity: string,
  check: boolean,
): Promise<{ handle: WorkflowHandle; workflowId: string }> {
  const input = { plan: record.plan, run: record.run, ledger: record.ledger, ...(check ? { mode: 'check' } : {}) };
  for (const workflowId of [record.workflowId, `${record.workflowId}-${identity}`]) {
    try {
      const handle = await temporal.client.workflow.start('migration', {
        workflowId,
        taskQueue: record.taskQueue,
        args: [input],
        memo: memoOf(record, identity),
        staticSummary: `${record.plan}: migration`,
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      });
      return { handle, workflowId };
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      const handle = temporal.client.workflow.getHandle(workflowId);
      if ((await handle.describe()).memo?.['identity'] === identity) return { handle, workflowId };
    }
  }
  throw fail('RP4202', `A workflow named ${record.workflowId} already runs for another run.`);
}

function memoOf({ run, plan, code, ledger }: RunRecord, identity: string): RunMemo {
  return { identity, run, plan, code, ledger };
}
