import { getExternalWorkflowHandle, isCancellation } from '@temporalio/workflow';
import type { ProgressReport } from '../../src/contract/batch-copy';
import { progressSignal } from '../operator/messages';

/** Reports to the root. Where it is gone (terminated) the child goes on: the ledger has everything. */
export async function reportToRoot(parent: string, report: ProgressReport): Promise<void> {
  try {
    await getExternalWorkflowHandle(parent).signal(progressSignal, report);
  } catch (error) {
    if (isCancellation(error)) throw error;
  }
}
