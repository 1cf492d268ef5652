import { ApplicationFailure } from '@temporalio/workflow';
import type { z } from 'zod';

/**
 * Parses the one JSON object a workflow, update or signal takes. A bad one is a failure with a sentence, never an error
 * that the workflow task would retry for ever; without a stack, because people read it in the UI.
 */
export function parseInput<T>(schema: z.ZodType<T>, raw: unknown, what: string, example: unknown): T {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.length === 0 ? 'input' : issue.path.join('.')}: ${issue.message}`,
  );
  throw plainFailure(
    'BadInput',
    `${what} got an input it cannot use: ${problems.join('; ')}. Send one JSON object such as ${JSON.stringify(example)}.`,
  );
}

/** A non-retryable failure that shows one sentence and no file names. */
export function plainFailure(type: string, sentence: string): ApplicationFailure {
  const failure = ApplicationFailure.create({ message: sentence, type, nonRetryable: true });
  failure.stack = '';
  return failure;
}
