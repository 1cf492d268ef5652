import type { Session } from '../../session';

/** How far the slot of a source is durably in `pending`. */

/** Moves the confirmed position of a source forward, in the transaction that stored the keys before it. */
export async function confirmLsn(session: Session, run: string, source: string, lsn: string): Promise<void> {
  await session.query(
    `update rowproof.cursor set confirmed_lsn = greatest(confirmed_lsn::pg_lsn, $3::pg_lsn)::text
     where run = $1 and source = $2`,
    [run, source, lsn],
  );
}

/** Sets the position where a new slot begins: it may lie before that of a lost one, on another timeline. */
export async function restartLsn(session: Session, run: string, source: string, lsn: string): Promise<void> {
  await session.query('update rowproof.cursor set confirmed_lsn = $3 where run = $1 and source = $2', [
    run,
    source,
    lsn,
  ]);
}
