import { identifier, literal } from '../../../sql/quote';
import type { Session } from '../../session';
import { flag, integer, integerOrNull } from '../../row';

/** A replication slot as the server shows it. Positions are texts of pg_lsn. */
export interface Slot {
  readonly plugin: string | null;
  readonly database: string | null;
  readonly temporary: boolean;
  /** Backend that uses it now. */
  readonly activePid: number | null;
  readonly activeApplication: string | null;
  readonly activeStart: string | null;
  /** Null while it is being created. */
  readonly confirmedLsn: string | null;
  readonly restartLsn: string | null;
  /** reserved, extended, unreserved, lost; null where nothing is reserved yet. */
  readonly walStatus: string | null;
  /** Bytes of WAL that can be written before the slot may be lost; null without max_slot_wal_keep_size. */
  readonly safeWalSize: number | null;
  /** WAL that it holds back, bytes. */
  readonly retained: number;
}

export async function readSlot(session: Session, slot: string): Promise<Slot | null> {
  const { rows } = await session.query<Record<string, string | null>>(
    `select s.plugin::text as plugin, s.database::text as database, s.temporary::text as temporary,
       s.active_pid::text as pid, a.application_name as application, a.backend_start::text as started,
       s.confirmed_flush_lsn::text as confirmed, s.restart_lsn::text as restart, s.wal_status, s.safe_wal_size::text as safe,
       coalesce(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.restart_lsn), 0)::text as retained
     from pg_catalog.pg_replication_slots s left join pg_catalog.pg_stat_activity a on a.pid = s.active_pid
     where s.slot_name = $1`,
    [slot],
  );
  const row = rows[0];
  if (row === undefined) return null;
  return {
    plugin: row['plugin'] ?? null,
    database: row['database'] ?? null,
    temporary: flag(row, 'temporary'),
    activePid: integerOrNull(row, 'pid'),
    activeApplication: row['application'] ?? null,
    activeStart: row['started'] ?? null,
    confirmedLsn: row['confirmed'] ?? null,
    restartLsn: row['restart'] ?? null,
    walStatus: row['wal_status'] ?? null,
    safeWalSize: integerOrNull(row, 'safe'),
    retained: Math.max(0, integer(row, 'retained')),
  };
}

/** Waits until every transaction that is open now has ended; 57014 when statement_timeout comes first. */
export async function createSlot(session: Session, slot: string): Promise<void> {
  await session.query(`select pg_catalog.pg_create_logical_replication_slot($1, 'pgoutput', false)`, [slot]);
}

/** 42704 when it is gone, 55006 while a session uses it. */
export async function dropSlot(session: Session, slot: string): Promise<void> {
  await session.query('select pg_catalog.pg_drop_replication_slot($1)', [slot]);
}

/** Confirms everything before `lsn`: the server may forget it. Never goes back: then nothing happens. */
export async function advanceSlot(session: Session, slot: string, lsn: string): Promise<void> {
  await session.query(
    `select pg_catalog.pg_replication_slot_advance(s.slot_name, $2::pg_lsn) from pg_catalog.pg_replication_slots s
     where s.slot_name = $1 and s.confirmed_flush_lsn < $2::pg_lsn`,
    [slot, lsn],
  );
}

/** Rows that one statement fetches at most; fewer where they are large. */
const fetchRows = 1_000;
const fetchBytes = 4 * 1024 * 1024;

/**
 * Messages of all transactions that committed before `upTo`, about `messages` of them but always whole
 * transactions, in chunks of bounded size. Consumes nothing. Inside an open transaction: the server decodes once, into a
 * file of its own where it is much, and a cursor reads from there.
 */
export async function* peekSlot(
  session: Session,
  options: { slot: string; publication: string; upTo: string; messages: number },
): AsyncGenerator<readonly Buffer[]> {
  const { slot, publication, upTo, messages } = options;
  await session.query(
    `declare rowproof_peek no scroll cursor for
     select data from pg_catalog.pg_logical_slot_peek_binary_changes(${literal(slot)}, ${literal(upTo)}::pg_lsn,
       ${Math.trunc(messages)}, 'proto_version', '1', 'publication_names', ${literal(identifier(publication))})`,
  );
  let rows = 16;
  for (;;) {
    const answer = await session.query<{ data: string }>(`fetch ${rows} from rowproof_peek`);
    if (answer.rows.length === 0) break;
    const bytes = answer.rows.reduce((sum, { data }) => sum + data.length, 0);
    yield answer.rows.map(({ data }) => Buffer.from(data.slice(2), 'hex'));
    if (answer.rows.length < rows) break;
    rows = Math.max(1, Math.min(fetchRows, rows * 4, Math.floor((rows * fetchBytes) / Math.max(bytes, 1))));
  }
  await session.query('close rowproof_peek');
}

/** End of the WAL now: what any snapshot taken before this call sees was written before it. */
export async function insertLsn(session: Session): Promise<string> {
  return one(session, 'select pg_catalog.pg_current_wal_insert_lsn()::text as value');
}

/** Up to where WAL is on disk: what can be decoded. */
export async function flushLsn(session: Session): Promise<string> {
  return one(session, 'select pg_catalog.pg_current_wal_flush_lsn()::text as value');
}

/**
 * Brings everything written so far to disk by a commit of our own, which changes nothing and waits for no standby: commits
 * with synchronous_commit = off are seen before they are on disk, and an open transaction's WAL is not flushed by itself.
 */
export async function flushWal(session: Session): Promise<void> {
  await session.query('begin isolation level read committed read write');
  try {
    await session.query('set local synchronous_commit = local');
    await session.query(`select pg_catalog.pg_logical_emit_message(true, 'rowproof', '')`);
  } catch (error) {
    await session.query('rollback');
    throw error;
  }
  await session.query('commit');
}

/** 64-bit id of the next transaction, near enough to extend ids of messages with. */
export async function nextXid(session: Session): Promise<bigint> {
  return BigInt(
    await one(session, 'select pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text as value'),
  );
}

/** Whether a transaction is still open, on any database, that was not over in this snapshot. */
export async function openSince(session: Session, snapshot: string): Promise<boolean> {
  const { rows } = await session.query<{ open: string }>(
    `select (pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot()) < pg_catalog.pg_snapshot_xmax($1::pg_snapshot))::text as open`,
    [snapshot],
  );
  return flag(rows[0], 'open');
}

/** Who has a transaction with an id open for longest: pid, application and user. For sentences; no statement texts. */
export async function openWriters(session: Session, limit = 3): Promise<string[]> {
  const { rows } = await session.query<{ who: string }>(
    `select pg_catalog.format('pid %s (%s, user %s)', a.pid, coalesce(nullif(a.application_name, ''), 'no name'), a.usename) as who
     from pg_catalog.pg_stat_activity a where a.backend_xid is not null and a.pid <> pg_catalog.pg_backend_pid()
     union all
     select pg_catalog.format('prepared transaction of user %s in %s', p.owner, p.database) from pg_catalog.pg_prepared_xacts p
     limit ${Math.trunc(limit)}`,
  );
  return rows.map(({ who }) => who);
}

async function one(session: Session, sql: string): Promise<string> {
  const { rows } = await session.query<{ value: string }>(sql);
  return (rows[0] as { value: string }).value;
}
