import { CompleteAsyncError } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { catalogue } from '../errors/catalogue';
import { isAboutConnecting } from '../errors/error-kinds';
import { RowproofError, type Problem } from '../errors/rowproof-error';
import { refusalAdvice, refusalSentence, type Refusal } from '../errors/refusal-sentence';
import { functionBehind } from '../postgres/queries/discovery/function-behind';
import { describeRefusal } from '../postgres/refusal';
import { describeDatabaseError } from '../postgres/sqlstate';

/**
 * Replaces every error of an activity by an allow-listed failure: our own sentence, or side, what was being done, SQLSTATE and names.
 * Without cause, message of the database or stack, because those carry row values into histories and logs.
 */
export const failureInterceptor: ActivityInboundCallsInterceptor = {
  async execute(input, next) {
    try {
      return await next(input);
    } catch (error) {
      throw safeFailure(error, await functionBehind(error));
    }
  },
};

/** `inside` is the function of the database in which a statement failed, by a name that exists there. */
export function safeFailure(error: unknown, inside: string | null = null): Error {
  if (error instanceof CompleteAsyncError) return error;
  if (error instanceof CancelledFailure || isAbort(error))
    return withoutStack(new CancelledFailure('Activity cancelled'));
  if (error instanceof RowproofError) {
    const [first] = error.problems;
    const refused = describeRefusal(error.cause, inside);
    const sentences = [
      ...error.problems.map((problem) => problem.what),
      ownWhy(first),
      refused === null ? null : refusalSentence(refused),
      first?.fix,
    ];
    const text = `${sentences
      .filter((one) => one != null)
      .map(ended)
      .join(' ')
      .slice(0, 3900)} (${error.code})`;
    return plain(text, error.code, !isRetryable(error), [{ code: error.code }]);
  }
  const facts = describeDatabaseError(error);
  if (facts.isConnectionLoss) return plain('The connection to a database was lost.', 'ConnectionLost', false, []);
  if (facts.sqlstate === null)
    return plain('An unexpected error inside rowproof; the worker log names its kind.', kindOf(error), false, []);
  const refused = describeRefusal(error, inside) as Refusal;
  const text = [refusalSentence(refused), refusalAdvice(refused)].filter((part) => part !== null).join(' ');
  return plain(text, `SQLSTATE ${facts.sqlstate}`, !facts.isRetryable, [{ ...refused }]);
}

/** A sentence with its full stop; catalogue titles and some sentences come without. */
function ended(sentence: string): string {
  return /[.!?:]$/.test(sentence) ? sentence : `${sentence}.`;
}

/** The reason that this very error gave; what the catalogue says of all of its kind would only make the sentence longer. */
function ownWhy(problem: Problem | undefined): string | null {
  return problem === undefined || problem.why === catalogue[problem.code].why ? null : problem.why;
}

/** A refused connection may carry the loss that followed as its cause: there the catalogue alone tells. */
function isRetryable(error: RowproofError): boolean {
  if (catalogue[error.code].retryable) return true;
  return !isAboutConnecting(error) && describeDatabaseError(error.cause).isRetryable;
}

function plain(message: string, type: string, nonRetryable: boolean, details: unknown[]): ApplicationFailure {
  return withoutStack(ApplicationFailure.create({ message, type, nonRetryable, details }));
}

function withoutStack<T extends Error>(error: T): T {
  error.stack = '';
  return error;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** The class name of an error: enough to find it in the worker's log, never its text. */
function kindOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
