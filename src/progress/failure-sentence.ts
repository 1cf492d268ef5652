/** The sentence of the innermost failure: Temporal wraps activity and child failures, people want the cause. */
export function sentenceOf(error: unknown): string {
  let current: unknown = error;
  for (let depth = 0; depth < 20; depth += 1) {
    const cause = current instanceof Error ? current.cause : undefined;
    if (!(cause instanceof Error)) break;
    current = cause;
  }
  return current instanceof Error ? current.message : 'The run failed.';
}
