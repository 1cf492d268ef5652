import { literal } from '../../../sql/quote';
import type { Session } from '../../session';
import { inTransaction } from '../../transaction';
import { changeTable, purgeTable } from './name';

export interface PurgeOptions {
  /** Marks that were consumed later than so long ago stay: the target may come back with an older cursor. */
  readonly horizonSeconds: number;
  readonly atMost: number;
  readonly heartbeat: () => void;
}

const slice = 100_000;

function xminOf(snapshot: string): string {
  return `pg_catalog.pg_snapshot_xmin(${literal(snapshot)}::pg_catalog.pg_snapshot)`;
}

/**
 * Notes how far the cursor is, and deletes changes that a cursor of at least the horizon ago had consumed, in bulk and in short
 * transactions. How old a change is does not matter: its transaction may have stayed open for long. Each transaction says how far it
 * purges, so that a cursor which is older than that is found out. Returns how many went.
 */
export async function purgeChanges(
  session: Session,
  name: string,
  cursorSnapshot: string,
  options: PurgeOptions,
): Promise<number> {
  const notes = purgeTable(name);
  await session.query(`insert into ${notes} (below) values (${xminOf(cursorSnapshot)})`);
  const { rows } = await session.query<{ below: string | null }>(
    `select pg_catalog.max(below::text::numeric)::text as below from ${notes}
     where below <= ${xminOf(cursorSnapshot)} and at <= pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => $1::float8)`,
    [options.horizonSeconds],
  );
  const below = rows[0]?.below ?? null;
  if (below === null) return 0;
  let gone = 0;
  while (gone < options.atMost) {
    options.heartbeat();
    const { rowCount } = await inTransaction(session, 'read write', async () => {
      await session.query('set local enable_seqscan = off');
      await session.query(`update ${notes} set purged = true where below = $1::xid8 and not purged`, [below]);
      await session.query(`delete from ${notes} where below < $1::xid8`, [below]);
      return session.query(
        `delete from ${changeTable(name)} where ctid = any (array(
           select m.ctid from ${changeTable(name)} m where m.xid < $1::xid8 order by m.xid limit ${slice}))`,
        [below],
      );
    });
    gone += rowCount;
    if (rowCount < slice) return gone;
  }
  return gone;
}

/** Whether marks that a cursor at this snapshot has not consumed may have been purged, as the session's snapshot sees it. */
export async function purgedBeyond(session: Session, name: string, cursorSnapshot: string): Promise<boolean> {
  const { rowCount: readExistingFreeze } = await session.query('select where pg_catalog.to_regclass($1) is not null', [
    purgeTable(name),
  ]);
  // without it nothing tells what is missing
  if (readExistingFreeze === 0) return true;
  const { rowCount } = await session.query(
    `select from ${purgeTable(name)} where purged and below > ${xminOf(cursorSnapshot)} limit 1`,
  );
  return rowCount > 0;
}

/** After everything is read again from `snapshot` on: what was purged before does not matter any more. */
export async function restartPurge(session: Session, name: string, snapshot: string): Promise<void> {
  await inTransaction(session, 'read write', async () => {
    await session.query(`delete from ${purgeTable(name)}`);
    await session.query(`insert into ${purgeTable(name)} (below, purged) values (${xminOf(snapshot)}, true)`);
  });
}
