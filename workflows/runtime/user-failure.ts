import { ActivityFailure, ChildWorkflowFailure, isCancellation } from '@temporalio/workflow';
import { codeOf, sentenceOf } from '../../src/progress/failure-sentence';
import { plainFailure } from './input';

/**
 * Runs the body of a workflow that people start: what an activity or a child failed of becomes the failure itself, so
 * that the page says the sentence instead of "Activity task failed". Cancellations and our own failures pass through.
 */
export async function asUserFailure<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const wrapped = error instanceof ActivityFailure || error instanceof ChildWorkflowFailure;
    if (!wrapped || isCancellation(error)) throw error;
    throw plainFailure(codeOf(error), sentenceOf(error));
  }
}
