import type { LoadedRun } from '../postgres/ledger/run/run';

/**
 * Milliseconds to wait for a lock, as the plan says; `otherwise` where it says 0, since a takeover must not wait for ever and a queue
 * must not build up behind this run for long.
 */
export function lockTimeoutOf(run: LoadedRun, otherwise = 5_000): number {
  const { lockTimeoutMs } = run.compiled.plan.settings;
  return lockTimeoutMs > 0 ? lockTimeoutMs : otherwise;
}
