/** What a failure of a batch means; failures carry allow-listed facts only, so their message may be shown. */

interface Failure {
  readonly type?: string | null;
  readonly message?: string;
  readonly cause?: unknown;
}

function innermost(error: unknown): Failure {
  let current = error as Failure;
  for (let depth = 0; depth < 20 && current.cause instanceof Error; depth += 1) current = current.cause as Failure;
  return current;
}

/** Codes after which no batch of the run may go on: the run was revoked or is gone. */
const ending: ReadonlySet<string> = new Set(['RP5003', 'RP4001']);

export function endsTheRun(error: unknown): boolean {
  const { type } = innermost(error);
  return typeof type === 'string' && ending.has(type);
}

export function blockedBecause(error: unknown): string {
  return innermost(error).message ?? 'it failed for an unknown reason';
}

/** What waits where a table has more bad rows than the plan allows: no batch, but all that are left of the table. */
export function badRowsBlock(mapping: string): string {
  return `${mapping}:bad_rows`;
}

export function isBadRowsBlock(what: string): boolean {
  return what.endsWith(':bad_rows');
}
