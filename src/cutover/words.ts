import { agreeing, counted } from '../report/counted';
import { figure } from '../report/format';

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
  if (prepared > 0) parts.push(counted(prepared, 'prepared transaction'));
  return parts.length === 0 ? 'sessions that cannot be seen' : parts.join(', ');
}

/** `1 of 20 changed keys differs from what the plan says`. */
export function differing(proof: { readonly differences: number; readonly keys: number }): string {
  const verb = agreeing(proof.differences, 'differs', 'differ');
  return `${figure(proof.differences)} of ${counted(proof.keys, 'changed key')} ${verb} from what the plan says`;
}

/** Why writers could not be locked out. */
export function missedSentence(
  budgetMs: number,
  { missed, attempts }: { readonly missed: string; readonly attempts: number },
): string {
  return `Writers could not be locked out within ${seconds(budgetMs)} (${counted(attempts, 'attempt')}); the tables are held by ${missed}.`;
}
