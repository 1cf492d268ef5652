import { workflowInfo } from '@temporalio/workflow';

const maxEvents = 2_000;

/** Whether a child should continue as new; the server suggests it earlier where it is set up for shorter histories. */
export function historyIsLong(): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return historyLength > maxEvents || continueAsNewSuggested;
}
