import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure, TimeoutFailure } from '@temporalio/workflow';
import { sentenceOf } from '../../src/progress/failure-sentence';

/** Whether a failed activity would fail the same way again: a refusal, not a server that is away. */
export function staysSo(error: unknown): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure && cause.nonRetryable === true;
}

/** Type of the failure of a run whose sources were frozen before the copy and take writes again: there is nothing to try again. */
export const freezeReleased = 'FreezeLifted';

/** The code of what an activity or a child raised, such as `RP5501`; null where it has none. */
export function codeOf(error: unknown): string | null {
  const wrapped = error instanceof ActivityFailure || error instanceof ChildWorkflowFailure;
  const cause = wrapped ? error.cause : error;
  return cause instanceof ApplicationFailure ? (cause.type ?? null) : null;
}

/** Why a bounded activity could not write to the ledger. */
export function unwrittenBecause(error: unknown): string {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof TimeoutFailure ? 'it did not answer within 10 s.' : sentenceOf(error);
}
