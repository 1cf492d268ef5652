/** Milliseconds for people: `0.42 s`, `12 s`. */
export function seconds(ms: number): string {
  if (ms < 1_000) return `${(ms / 1_000).toFixed(2)} s`;
  return ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`;
}

export interface LockHolder {
  /** Null: a prepared transaction, which no session owns. */
  readonly pid: number | null;
  readonly application: string;
}

/** `pid 12 (psql), 2 prepared transactions`; at most five sessions by name. */
export function holdersSentence(holders: readonly LockHolder[]): string {
  const prepared = holders.filter(({ pid }) => pid === null).length;
  const named = holders.filter(({ pid }) => pid !== null);
  const parts = named
    .slice(0, 5)
    .map(({ pid, application }) => `pid ${pid}${application === '' ? '' : ` (${application})`}`);
  if (named.length > 5) parts.push(`${named.length - 5} more`);
  if (prepared > 0) parts.push(`${prepared} prepared transaction${prepared === 1 ? '' : 's'}`);
  return parts.length === 0 ? 'nobody that can be seen' : parts.join(', ');
}

/** Why writers could not be locked out. */
export function missedSentence(
  budgetMs: number,
  { missed, attempts }: { readonly missed: string; readonly attempts: number },
): string {
  return `Writers could not be locked out within ${seconds(budgetMs)} (${attempts} attempts); the tables are held by ${missed}.`;
}
