import { setTimeout as sleep } from 'node:timers/promises';
import { fail } from '../../../errors/rowproof-error';
import { unquoted } from '../../../sql/quote';
import { during } from '../../refusal';
import type { Session } from '../../session';
import { isLockRefused } from '../../sqlstate';
import { inTransaction } from '../../transaction';
import { integerOrNull } from '../../row';

export interface LockBudget {
  /** How long one attempt may wait, and with it everybody who queues behind it. */
  readonly lockTimeoutMs: number;
  /** How long attempts go on altogether. */
  readonly lockBudgetMs: number;
  readonly heartbeat: () => void;
}

/**
 * One short transaction that needs a lock on `object` (its oid), tried again with back-off and jitter until it is obtained:
 * between two attempts the application has the table to itself. RP5308, naming who holds it, once the budget is spent.
 */
export async function withShortLock<T>(
  session: Session,
  object: { readonly name: string; readonly oid: string },
  budget: LockBudget,
  work: () => Promise<T>,
): Promise<T> {
  const end = Date.now() + budget.lockBudgetMs;
  for (let attempt = 1; ; attempt++) {
    budget.heartbeat();
    try {
      return await during(`changing what captures ${unquoted(object.name)}`, () =>
        inTransaction(session, 'read write', async () => {
          await session.query(`set local lock_timeout = ${Math.max(1, Math.trunc(budget.lockTimeoutMs))}`);
          return work();
        }),
      );
    } catch (error) {
      if (!isLockRefused(error)) throw error;
      const holders = await lockHolders(session, object.oid);
      if (Date.now() >= end) {
        throw fail('RP5308', `No lock on ${object.name} within ${budget.lockBudgetMs} ms: ${nameHolders(holders)}`, {
          where: { object: object.name },
          cause: error,
        });
      }
      await cancelVacuums(session, holders);
    }
    // at least as long as it made others wait, so that they get through
    const pause = Math.max(budget.lockTimeoutMs, Math.min(50 * 2 ** attempt, 5_000));
    await sleep(Math.min(pause * (0.5 + Math.random()), Math.max(50, end - Date.now())));
  }
}

interface LockHolder {
  /** Null for a prepared transaction. */
  readonly pid: number | null;
  readonly name: string;
  readonly vacuum: boolean;
}

/** Who holds a lock on a relation that keeps triggers from being created or dropped, oldest transaction first. */
async function lockHolders(session: Session, oid: string): Promise<LockHolder[]> {
  const { rows } = await session.query<{ pid: string | null; name: string | null; kind: string | null }>(
    `select l.pid::text as pid, coalesce(nullif(a.application_name, ''), a.backend_type, 'a prepared transaction of user ' || x.owner) as name,
       a.backend_type as kind
     from pg_catalog.pg_locks l left join pg_catalog.pg_stat_activity a on a.pid = l.pid
     left join pg_catalog.pg_locks t on l.pid is null and t.pid is null and t.locktype = 'transactionid' and t.virtualtransaction = l.virtualtransaction
     left join pg_catalog.pg_prepared_xacts x on x.transaction = t.transactionid
     where l.locktype = 'relation' and l.relation = $1::oid and l.granted and l.pid is distinct from pg_catalog.pg_backend_pid()
       and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
     order by a.xact_start nulls first limit 5`,
    [oid],
  );
  return rows.map((row) => ({
    pid: integerOrNull(row, 'pid'),
    name: row.name ?? 'a session',
    vacuum: row.kind === 'autovacuum worker',
  }));
}

function nameHolders(holders: readonly LockHolder[]): string {
  if (holders.length === 0) return 'its holder has just released it';
  return `held by ${holders.map(({ pid, name }) => (pid === null ? name : `${name} (pid ${pid})`)).join(', ')}`;
}

/** An autovacuum yields only to those who wait for deadlock_timeout, which our attempts never do. Without the right to it, it is left alone. */
async function cancelVacuums(session: Session, holders: readonly LockHolder[]): Promise<void> {
  for (const { pid, vacuum } of holders) {
    if (vacuum) await session.query('select pg_catalog.pg_cancel_backend($1)', [pid]).catch(() => undefined);
  }
}
