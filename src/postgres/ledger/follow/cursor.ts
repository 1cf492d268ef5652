import type { Session } from '../../session';

/** How far a source was applied. */
export interface Cursor {
  readonly source: string;
  /** Text of the pg_snapshot whose visible changes are all in the target (or in `pending`). */
  readonly snapshot: string;
  /** Names and facts that the capture stands on. */
  readonly capture: Readonly<Record<string, unknown>>;
  readonly confirmedLsn: string | null;
}

/** Sets the cursor of a source where it has none: the snapshot taken right after its capture stood. Idempotent. */
export async function startCursor(
  session: Session,
  run: string,
  source: string,
  snapshot: string,
  capture: Readonly<Record<string, unknown>>,
): Promise<void> {
  await session.query(
    `insert into rowproof.cursor (run, source, snapshot, capture) values ($1, $2, $3, $4::jsonb)
     on conflict (run, source) do nothing`,
    [run, source, snapshot, JSON.stringify(capture)],
  );
}

export async function readCursors(session: Session, run: string): Promise<Cursor[]> {
  const { rows } = await session.query<{
    source: string;
    snapshot: string;
    capture: string;
    confirmed_lsn: string | null;
  }>(
    'select source, snapshot, capture::text as capture, confirmed_lsn from rowproof.cursor where run = $1 order by source',
    [run],
  );
  return rows.map((row) => ({
    source: row.source,
    snapshot: row.snapshot,
    capture: JSON.parse(row.capture) as Record<string, unknown>,
    confirmedLsn: row.confirmed_lsn,
  }));
}

/** Moves a cursor from `from` to `to` in the transaction of the round; false when it stands elsewhere by now. */
export async function moveCursor(
  session: Session,
  run: string,
  source: string,
  from: string,
  to: string,
): Promise<boolean> {
  const { rowCount } = await session.query(
    `update rowproof.cursor set snapshot = $4, taken_at = pg_catalog.clock_timestamp()
     where run = $1 and source = $2 and snapshot = $3`,
    [run, source, from, to],
  );
  return rowCount === 1;
}

/** Replaces what the capture stands on, such as a fingerprint after a TRUNCATE or a resync. */
export async function setCaptureFacts(
  session: Session,
  run: string,
  source: string,
  capture: Readonly<Record<string, unknown>>,
): Promise<void> {
  await session.query('update rowproof.cursor set capture = $3::jsonb where run = $1 and source = $2', [
    run,
    source,
    JSON.stringify(capture),
  ]);
}
