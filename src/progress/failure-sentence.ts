/** The sentence of the innermost failure: Temporal wraps activity and child failures, people want the cause. */
export function sentenceOf(error: unknown): string {
  const cause = innermost(error);
  return cause instanceof Error && cause.message !== '' ? cause.message : 'The run failed.';
}

/** The code of the innermost failure, such as RP4201 or `SQLSTATE 57014`; `Failed` when it has none. */
export function codeOf(error: unknown): string {
  const { type } = Object(innermost(error)) as { type?: unknown };
  return typeof type === 'string' && type !== '' ? type : 'Failed';
}

function innermost(error: unknown): unknown {
  let current = error;
  for (let depth = 0; depth < 20; depth += 1) {
    const cause = current instanceof Error ? current.cause : undefined;
    if (!(cause instanceof Error)) break;
    current = cause;
  }
  return current;
}
