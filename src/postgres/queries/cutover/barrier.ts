import type { QualifiedName } from '../../../contract/catalog';
import type { LockHolder } from '../../../cutover/words';
import { qualified } from '../../../sql/quote';
import { holdersByName, lockByName } from '../../advisory-lock';
import type { Session } from '../../session';
import { relationNames, tableTree } from '../schema-change/table-tree';
import { integer, integerOrNull, numberOrNull } from '../../row';

/** First key of the advisory lock on a source that one barrier, or one lifting of a freeze, holds at a time. */
const barrierLockClass = 0x72706662;

/** deadlock_timeout of the server, milliseconds. */
export async function deadlockTimeoutMs(session: Session): Promise<number> {
  const { rows } = await session.query<{ ms: string }>(
    `select setting as ms from pg_catalog.pg_settings where name = 'deadlock_timeout'`,
  );
  return numberOrNull(rows[0], 'ms') ?? 1_000;
}

/**
 * Begins the transaction of a barrier or of lifting one, and takes the run's own advisory lock on this source. A client that is silent for
 * `idleMs` loses the transaction: a process that died or stands still frees the writers.
 */
export async function beginBarrier(
  session: Session,
  name: string,
  limits: { readonly lockMs: number; readonly idleMs: number },
): Promise<void> {
  const settings = [
    `lock_timeout = ${limits.lockMs}`,
    `statement_timeout = ${limits.lockMs}`,
    `idle_in_transaction_session_timeout = ${limits.idleMs}`,
    ...(session.serverVersion >= 170000 ? [`transaction_timeout = ${limits.idleMs + limits.lockMs}`] : []),
  ];
  const sets = settings.map((setting) => `set local ${setting}`).join('; ');
  await session.query(`begin isolation level read committed read write; ${sets}`);
  await lockByName(session, barrierLockClass, name);
}

/** Begins a transaction whose statements, and whose silence, may last this long. */
export async function beginBounded(session: Session, ms: number): Promise<void> {
  const left = Math.max(1, Math.round(ms));
  const sets = ['lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout'];
  await session.query(`begin; ${sets.map((name) => `set local ${name} = ${left}`).join('; ')}`);
}

/** Backends that hold the run's advisory lock on this source. */
export function barrierHolders(session: Session, name: string): Promise<{ pid: number; backendStart: string }[]> {
  return holdersByName(session, barrierLockClass, name);
}

/**
 * Waits for the writers of all tables and keeps new ones out until the transaction ends; readers go on. One statement, whose
 * timeout bounds the sum of its waits (lock_timeout alone would count for each table anew).
 */
export async function lockOutWriters(session: Session, relations: readonly QualifiedName[]): Promise<void> {
  if (relations.length === 0) return;
  await session.query(`LOCK TABLE ${relations.map(qualified).join(', ')} IN SHARE ROW EXCLUSIVE MODE`);
}

/**
 * From here on a statement of the transaction may last this long, and its client may be silent this long: what is left of the freeze. The
 * second is counted anew from each statement, so that it has to shrink with the first.
 */
export async function limitBarrier(session: Session, ms: number): Promise<void> {
  const left = Math.max(1, Math.round(ms));
  await session.query(`set local statement_timeout = ${left}; set local idle_in_transaction_session_timeout = ${left}`);
}

const relationsNamed = `(select c.oid from jsonb_to_recordset($1::jsonb) as m (schema text, name text)
    join pg_catalog.pg_namespace n on n.nspname = m.schema
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = m.name)`;

/** A database cloned from another one has relations of the same oids. */
const ownDatabase =
  'l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())';

/** Who holds locks that keep a barrier out, prepared transactions included. */
export async function lockHolders(session: Session, relations: readonly QualifiedName[]): Promise<LockHolder[]> {
  const { rows } = await session.query<{ pid: string | null; application: string | null }>(
    `select l.pid::text as pid, coalesce(max(a.application_name), '') as application
     from pg_catalog.pg_locks l left join pg_catalog.pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'relation' and l.granted and l.relation in ${relationsNamed}
       and ${ownDatabase}
       and l.mode not in ('AccessShareLock', 'RowShareLock') and l.pid is distinct from pg_catalog.pg_backend_pid()
     group by l.pid, l.virtualtransaction order by l.pid`,
    [relationNames(relations)],
  );
  return rows.map((row) => ({
    pid: integerOrNull(row, 'pid'),
    application: row.application ?? '',
  }));
}

/** Sessions that wait for one of the tables now, and for how long the first of them has, milliseconds. */
export async function waitingWriters(
  session: Session,
  relations: readonly QualifiedName[],
): Promise<{ sessions: number; longestMs: number }> {
  const since = session.serverVersion >= 140000 ? 'coalesce(l.waitstart, a.query_start)' : 'a.query_start';
  const { rows } = await session.query<{ sessions: string; longest: string }>(
    `select count(distinct l.pid)::text as sessions,
       coalesce(ceil(extract(epoch from max(pg_catalog.clock_timestamp() - ${since})) * 1000), 0)::bigint::text as longest
     from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'relation' and not l.granted and ${ownDatabase} and l.relation in ${relationsNamed}`,
    [relationNames(relations)],
  );
  return { sessions: integerOrNull(rows[0], 'sessions') ?? 0, longestMs: numberOrNull(rows[0], 'longest') ?? 0 };
}

/** Transactions of this database that were prepared and not ended. Counted only: their names are the application's. */
export async function countPrepared(session: Session): Promise<number> {
  const { rows } = await session.query<{ n: string }>(
    'select count(*)::text as n from pg_catalog.pg_prepared_xacts where database = pg_catalog.current_database()',
  );
  return integer(rows[0], 'n');
}

/** Whether a backend still exists. */
export async function backendLives(session: Session, pid: number, backendStart: string): Promise<boolean> {
  const { rowCount } = await session.query(
    'select 1 from pg_catalog.pg_stat_activity where pid = $1 and backend_start = $2::timestamptz',
    [pid, backendStart],
  );
  return rowCount > 0;
}

/** Whether a backend has written its COMMIT and waits for a synchronous standby: ended, it would count as committed here alone. */
export async function awaitsStandby(session: Session, pid: number, backendStart: string): Promise<boolean> {
  const { rowCount } = await session.query(
    `select 1 from pg_catalog.pg_stat_activity
     where pid = $1 and backend_start = $2::timestamptz and wait_event = 'SyncRep'`,
    [pid, backendStart],
  );
  return rowCount > 0;
}

/** Those of the relations and their partitions that an enabled subscription of this database writes to, quoted. */
export async function subscribedRelations(session: Session, relations: readonly QualifiedName[]): Promise<string[]> {
  // before 14 an ordinary role may not see which subscription a relation belongs to: there one that is enabled counts for all
  const enabled =
    session.serverVersion >= 140000
      ? 'join pg_catalog.pg_subscription s on s.oid = r.srsubid and s.subenabled'
      : `join (select from pg_catalog.pg_subscription s join pg_catalog.pg_database d on d.oid = s.subdbid
           where s.subenabled and d.datname = pg_catalog.current_database() limit 1) s on true`;
  const { rows } = await session.query<{ name: string }>(
    `with recursive ${tableTree}
     select distinct pg_catalog.format('%I.%I', n.nspname, c.relname) as name
     from tree t join pg_catalog.pg_subscription_rel r on r.srrelid = t.oid ${enabled}
     join pg_catalog.pg_class c on c.oid = t.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     order by 1`,
    [relationNames(relations)],
  );
  return rows.map((row) => row.name);
}
