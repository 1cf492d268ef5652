import { isRevokedOrGone } from '../errors/error-kinds';

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

export function endsTheRun(error: unknown): boolean {
  return isRevokedOrGone(innermost(error).type);
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
