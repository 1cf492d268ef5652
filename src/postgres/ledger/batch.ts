import type { BatchReceipt } from '../../contract/activity-types';
import type { KeyRange } from '../../contract/key';
import { keyParts, keyText } from '../../contract/key';
import type { BlockedBatch } from '../../contract/run';
import type { Session } from '../session';
import { integer, integerOrNull } from '../row';

export interface BatchName {
  readonly run: string;
  readonly mapping: string;
  readonly ordinal: number;
}

type BatchState = 'pending' | 'running' | 'done' | 'blocked' | 'revoked';

export interface Batch extends BatchName {
  readonly state: BatchState;
  readonly owner: string | null;
  readonly range: KeyRange;
  readonly backendPid: number | null;
  readonly backendStart: string | null;
  /** Present when the batch is done. */
  readonly receipt: BatchReceipt | null;
}

/** What one committed attempt did; stored once, in the transaction that wrote the rows. */
export interface Receipt {
  readonly path: 'fast' | 'careful';
  readonly sourceRows: number;
  readonly migrated: number;
  readonly quarantined: number;
  readonly outOfScope: number;
  readonly bytes: number;
  readonly digest: string;
  readonly snapshot: string;
  /** xmin, as text, of every row that the batch wrote. */
  readonly xids: readonly string[];
}

const batchColumns = `state, owner::text as owner, lower_key, upper_key, backend_pid::text as backend_pid,
  backend_start::text as backend_start, path, migrated::text as migrated, quarantined::text as quarantined, out_of_scope::text as out_of_scope,
  bytes::text as bytes`;

interface BatchRow {
  readonly state: BatchState;
  readonly owner: string | null;
  readonly lower_key: string | null;
  readonly upper_key: string | null;
  readonly backend_pid: string | null;
  readonly backend_start: string | null;
  readonly path: 'fast' | 'careful' | null;
  readonly migrated: string | null;
  readonly quarantined: string | null;
  readonly out_of_scope: string | null;
  readonly bytes: string | null;
}

function toBatch(name: BatchName, row: BatchRow): Batch {
  const key = (text: string | null): readonly string[] | null => (text === null ? null : (keyParts(text) as string[]));
  return {
    run: name.run,
    mapping: name.mapping,
    ordinal: name.ordinal,
    state: row.state,
    owner: row.owner,
    range: { lower: key(row.lower_key), upper: key(row.upper_key) },
    backendPid: integerOrNull(row, 'backend_pid'),
    backendStart: row.backend_start,
    receipt:
      row.state !== 'done'
        ? null
        : {
            mapping: name.mapping,
            ordinal: name.ordinal,
            migrated: integer(row, 'migrated'),
            quarantined: integer(row, 'quarantined'),
            outOfScope: integer(row, 'out_of_scope'),
            path: row.path ?? 'fast',
            bytes: integerOrNull(row, 'bytes') ?? 0,
          },
  };
}

const named = 'run = $1 and mapping = $2 and ordinal = $3';
const values = (name: BatchName): readonly unknown[] => [name.run, name.mapping, name.ordinal];

/** Serialises planners of one mapping until the end of the transaction. */
export async function lockBatchPlanning(session: Session, run: string, mapping: string): Promise<void> {
  await session.query(`select pg_advisory_xact_lock(hashtextextended('rowproof.batch ' || $1 || ' ' || $2, 0))`, [
    run,
    mapping,
  ]);
}

export async function countBatches(session: Session, run: string, mapping: string): Promise<number> {
  const { rows } = await session.query<{ n: string }>(
    'select count(*)::text as n from rowproof.batch where run = $1 and mapping = $2',
    [run, mapping],
  );
  return integer(rows[0], 'n');
}

export async function insertBatches(
  session: Session,
  run: string,
  mapping: string,
  ranges: readonly KeyRange[],
): Promise<void> {
  const text = (key: readonly string[] | null): string | null => (key === null ? null : keyText(key));
  const document = ranges.map((range, ordinal) => ({ ordinal, lower: text(range.lower), upper: text(range.upper) }));
  await session.query(
    `insert into rowproof.batch (run, mapping, ordinal, lower_key, upper_key)
     select $1, $2, r.ordinal, r.lower, r.upper from jsonb_to_recordset($3::jsonb) as r (ordinal int, lower text, upper text)`,
    [run, mapping, JSON.stringify(document)],
  );
}

/** The batch as committed, without a lock; null when there is none. */
export async function readBatch(session: Session, name: BatchName): Promise<Batch | null> {
  const { rows } = await session.query<BatchRow>(
    `select ${batchColumns} from rowproof.batch where ${named}`,
    values(name),
  );
  return rows[0] === undefined ? null : toBatch(name, rows[0]);
}

/** The batch under its row lock: waits for whoever is about to commit it, up to lock_timeout (SQLSTATE 55P03). */
export async function lockBatch(session: Session, name: BatchName): Promise<Batch | null> {
  const { rows } = await session.query<BatchRow>(
    `select ${batchColumns} from rowproof.batch where ${named} for update`,
    values(name),
  );
  return rows[0] === undefined ? null : toBatch(name, rows[0]);
}

/** Makes this session's backend the owner of an unfinished batch; null when it is done, revoked or absent, or its run is being rolled back. */
export async function takeBatch(session: Session, name: BatchName, nonce: string): Promise<Batch | null> {
  const { rows } = await session.query<BatchRow>(
    `update rowproof.batch set state = 'running', owner = $4, epoch = epoch + 1, attempts = attempts + 1, failure = null,
       backend_pid = $5, backend_start = $6::timestamptz, started_at = coalesce(started_at, clock_timestamp())
     where ${named} and state in ('pending', 'running', 'blocked')
       and not exists (select from rowproof.phase where run = $1 and phase = 'rollback') returning ${batchColumns}`,
    [...values(name), nonce, session.pid, session.backendStart],
  );
  return rows[0] === undefined ? null : toBatch(name, rows[0]);
}

/** The same attempt goes on in another session; false when it no longer owns the batch. */
export async function moveLease(session: Session, name: BatchName, nonce: string): Promise<boolean> {
  const { rowCount } = await session.query(
    `update rowproof.batch set backend_pid = $5, backend_start = $6::timestamptz where ${named} and owner = $4 and state = 'running'`,
    [...values(name), nonce, session.pid, session.backendStart],
  );
  return rowCount === 1;
}

/** Stores the receipt under the fence; false when this attempt no longer owns the batch. */
export async function storeReceipt(
  session: Session,
  name: BatchName,
  nonce: string,
  receipt: Receipt,
): Promise<boolean> {
  const { rowCount } = await session.query(
    `update rowproof.batch set state = 'done', path = $5, source_rows = $6, migrated = $7, quarantined = $8, out_of_scope = $9,
       bytes = $10, digest = $11, source_snapshot = $12, xids = array(select jsonb_array_elements_text($13::jsonb)),
       finished_at = clock_timestamp()
     where ${named} and owner = $4 and state = 'running'`,
    [
      ...values(name),
      nonce,
      receipt.path,
      receipt.sourceRows,
      receipt.migrated,
      receipt.quarantined,
      receipt.outOfScope,
      receipt.bytes,
      receipt.digest,
      receipt.snapshot,
      JSON.stringify(receipt.xids),
    ],
  );
  return rowCount === 1;
}

/** Takes the batch away from its owner and parks it with allow-listed facts; false when it is done or revoked. */
export async function parkBatch(session: Session, name: BatchName, blocked: BlockedBatch): Promise<boolean> {
  const { rowCount } = await session.query(
    `update rowproof.batch set state = 'blocked', owner = null, epoch = epoch + 1, failure = $4::jsonb
     where ${named} and state in ('pending', 'running', 'blocked')`,
    [...values(name), JSON.stringify({ what: blocked.what, why: blocked.why })],
  );
  return rowCount === 1;
}

export async function pendingOrdinals(
  session: Session,
  run: string,
  mapping: string,
  limit: number,
): Promise<number[]> {
  const { rows } = await session.query<{ ordinal: string }>(
    `select ordinal::text as ordinal from rowproof.batch where run = $1 and mapping = $2 and state <> 'done'
     order by batch.ordinal limit $3`,
    [run, mapping, limit],
  );
  return rows.map((row) => integer(row, 'ordinal'));
}

export interface BatchTotals {
  readonly batches: number;
  readonly done: number;
  readonly sourceRows: number;
  readonly migrated: number;
  readonly quarantined: number;
  readonly outOfScope: number;
}

/** Sums over the receipts of a mapping. */
export async function batchTotals(session: Session, run: string, mapping: string): Promise<BatchTotals> {
  const { rows } = await session.query<Record<keyof BatchTotals, string>>(
    `select count(*)::text as batches, count(*) filter (where state = 'done')::text as done,
       coalesce(sum(source_rows), 0)::text as "sourceRows", coalesce(sum(migrated), 0)::text as migrated,
       coalesce(sum(quarantined), 0)::text as quarantined, coalesce(sum(out_of_scope), 0)::text as "outOfScope"
     from rowproof.batch where run = $1 and mapping = $2`,
    [run, mapping],
  );
  const row = rows[0] as Record<keyof BatchTotals, string>;
  return {
    batches: integer(row, 'batches'),
    done: integer(row, 'done'),
    sourceRows: integer(row, 'sourceRows'),
    migrated: integer(row, 'migrated'),
    quarantined: integer(row, 'quarantined'),
    outOfScope: integer(row, 'outOfScope'),
  };
}
