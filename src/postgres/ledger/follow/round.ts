import type { Session } from '../../session';

/** What one committed round did. */
export interface RoundRecord {
  readonly round: number;
  /** xmin, as text, of every row it wrote. */
  readonly xids: readonly string[];
  readonly keys: number;
  readonly written: number;
  readonly deleted: number;
  readonly quarantined: number;
  /** Text of the snapshot that it read, by source. */
  readonly snapshots: Readonly<Record<string, string>>;
  /** How long ago it began, milliseconds. */
  readonly sinceMs: number;
}

/** Stores a round and makes its number the apply lease's, in the transaction that wrote its rows. The apply lease must be locked. */
export async function recordRound(session: Session, run: string, record: RoundRecord): Promise<void> {
  await session.query(
    `with counted as (update rowproof.apply_lease set round = $2 where run = $1 and lease = 'delta')
     insert into rowproof.round
       (run, round, xids, keys, written, deleted, quarantined, source_snapshots, started_at)
     values ($1, $2, $3::text[], $4, $5, $6, $7, $8::jsonb,
       pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => $9::float8 / 1000))`,
    [
      run,
      record.round,
      record.xids,
      record.keys,
      record.written,
      record.deleted,
      record.quarantined,
      JSON.stringify(record.snapshots),
      record.sinceMs,
    ],
  );
}
