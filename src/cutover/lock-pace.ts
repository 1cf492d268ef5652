/** How long one request for a lock may hold up others, milliseconds: below deadlock_timeout, so that no detector ends an application. */
export function barrierLockMs(wantedMs: number, deadlockTimeoutMs: number): number {
  const below = deadlockTimeoutMs > 200 ? deadlockTimeoutMs - 100 : deadlockTimeoutMs / 2;
  return Math.max(10, Math.floor(Math.min(wantedMs, below)));
}

/** Rest between two requests, milliseconds: at least as long as the request held others up; `random` in [0, 1) spreads it. */
export function backoffMs(attempt: number, lockMs: number, random: number): number {
  const base = Math.min(lockMs * 2 ** Math.min(attempt - 1, 3), 5_000);
  return Math.round(base * (1 + random));
}
