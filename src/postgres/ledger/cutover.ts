import { attemptLimits, type AttemptLimits, type CutoverResult } from '../../contract/delta';
import type { Session } from '../session';
import { flag, integer, integerOrNull, number, numberOrNull } from '../row';

/** Attempts at a cutover, drills among them, and whether the target was opened. */

/** Begins an attempt; returns its number. `limits` null: a freeze without a deadline. */
export async function startAttempt(
  session: Session,
  run: string,
  drill: boolean,
  by: string,
  limits: AttemptLimits | null = null,
): Promise<number> {
  const { rows } = await session.query<{ attempt: string }>(
    `insert into rowproof.cutover (run, attempt, drill, detail)
     select $1, coalesce(max(attempt), 0) + 1, $2, $3::jsonb from rowproof.cutover where run = $1
     returning attempt::text as attempt`,
    [run, drill, JSON.stringify({ by, ...(limits === null ? {} : { limits }) })],
  );
  return integer(rows[0], 'attempt');
}

/** Stores how an attempt ended; the first end stays. */
export async function endAttempt(
  session: Session,
  run: string,
  attempt: number,
  result: CutoverResult,
  detail: Readonly<Record<string, number | string>>,
): Promise<void> {
  await session.query(
    `update rowproof.cutover set outcome = $3, freeze_ms = $4, lock_attempts = $5, changed_keys = $6,
       detail = detail || $7::jsonb, ended_at = pg_catalog.clock_timestamp()
     where run = $1 and attempt = $2 and outcome is null`,
    [
      run,
      attempt,
      result.outcome,
      Math.round(result.freezeMs),
      result.lockAttempts,
      result.changedKeys,
      JSON.stringify({ ...detail, sentence: result.sentence }),
    ],
  );
}

export interface PastAttempt {
  readonly attempt: number;
  readonly drill: boolean;
  readonly by: string;
  readonly outcome: string | null;
  readonly freezeMs: number;
  readonly lockAttempts: number;
  readonly changedKeys: number;
  /** Which counts closed the books under its barrier; null where none did. */
  readonly books: 'frozen' | 'aligned' | null;
  /** What it went by; null for a freeze before the copy. */
  readonly limits: AttemptLimits | null;
  /** Since it began, milliseconds. */
  readonly ageMs: number;
}

/** Attempts in order. */
export async function readAttempts(session: Session, run: string): Promise<PastAttempt[]> {
  const { rows } = await session.query<Record<string, string | null>>(
    `select attempt::text as attempt, drill::text as drill, detail ->> 'by' as by, outcome,
       coalesce(detail ->> 'books', case when outcome = 'frozen' then detail #>> '{limits,books}' end) as books, detail ->> 'limits' as limits, freeze_ms::text as freeze_ms,
       lock_attempts::text as lock_attempts, changed_keys::text as changed_keys,
       (extract(epoch from pg_catalog.clock_timestamp() - started_at) * 1000)::bigint::text as age
     from rowproof.cutover where run = $1 order by cutover.attempt`,
    [run],
  );
  return rows.map((row) => ({
    attempt: integer(row, 'attempt'),
    drill: flag(row, 'drill'),
    by: row['by'] ?? '',
    outcome: row['outcome'] ?? null,
    freezeMs: numberOrNull(row, 'freeze_ms') ?? 0,
    lockAttempts: integerOrNull(row, 'lock_attempts') ?? 0,
    changedKeys: integerOrNull(row, 'changed_keys') ?? 0,
    books: (row['books'] ?? null) as PastAttempt['books'],
    limits: row['limits'] == null ? null : attemptLimits.parse(JSON.parse(row['limits'])),
    ageMs: Math.max(0, number(row, 'age')),
  }));
}

/** Kind of the event that says, for good, that the target takes writes of others. */
export const openedEvent = 'target opened';

/** Whether the target was opened: from then on there is no way back. Only certain under the step lock. */
export async function isOpened(session: Session, run: string): Promise<boolean> {
  const { rowCount } = await session.query('select 1 from rowproof.event where run = $1 and kind = $2 limit 1', [
    run,
    openedEvent,
  ]);
  return rowCount > 0;
}

/** Whether a rollback of the run has begun. */
export async function isRollingBack(session: Session, run: string): Promise<boolean> {
  const { rowCount } = await session.query(`select 1 from rowproof.phase where run = $1 and phase = 'rollback'`, [run]);
  return rowCount > 0;
}

/** Sources that the run froze and that wait for its target to be opened, by the ledger alone. */
export async function leftFrozen(session: Session, run: string): Promise<string[]> {
  const { rows } = await session.query<{ source: string }>(
    `select s.subject as source from rowproof.step s
     where s.run = $1 and s.kind = 'freeze' and s.state = 'done'
       and exists (select from rowproof.cutover c where c.run = $1 and not c.drill and c.outcome = 'frozen')
       and not exists (select from rowproof.event e where e.run = $1 and e.kind = $2)
     order by s.ordinal`,
    [run, openedEvent],
  );
  return rows.map(({ source }) => source);
}

/** Batches that stand in the way of a cutover. */
export async function unfinishedBatches(session: Session, run: string): Promise<{ blocked: number; open: number }> {
  const { rows } = await session.query<{ blocked: string; open: string }>(
    `select (count(*) filter (where state = 'blocked'))::text as blocked,
       (count(*) filter (where state not in ('blocked', 'done')))::text as open
     from rowproof.batch where run = $1`,
    [run],
  );
  return { blocked: integer(rows[0], 'blocked'), open: integer(rows[0], 'open') };
}
