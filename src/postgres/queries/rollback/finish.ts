import { identifier } from '../../../sql/quote';
import { openedEvent } from '../../ledger/cutover';
import type { Session } from '../../session';
import { flag } from '../../row';

/** No step of a run that is closed is left for a rollback to undo. */
const nothingLeft = `outcome is not null
  and not exists (select from rowproof.step s where s.run = r.run and s.state <> 'compensated')`;

/** Nothing on the target needs the ledger's help any more, and nobody would go on with the run. */
const undone = `outcome in ('checked', 'rolled_back') and ${nothingLeft}`;

/** Runs of the ledger, oldest first; `spent` are those that left nothing on the target: checked or rolled back. */
export async function remainingRuns(session: Session): Promise<{ run: string; spent: boolean }[]> {
  const { rows } = await session.query<{ run: string; spent: string }>(
    `select run, (${undone})::text as spent from rowproof.run r order by opened_at, run`,
  );
  return rows.map((row) => ({ run: row.run, spent: flag(row, 'spent') }));
}

/**
 * Locks the run's row: 'needed' while the ledger is the only way back (it is under way, or was closed with something to undo), 'ended' when
 * it is complete, nothing of it is left to undo, or its target is open, which nothing undoes; 'absent' when it was finished before.
 */
export async function lockRunEnd(session: Session, run: string): Promise<'absent' | 'needed' | 'ended'> {
  const { rows } = await session.query<{ ended: string }>(
    `select (coalesce(outcome = 'complete', false) or (${nothingLeft}) or (outcome is not null and exists (
       select from rowproof.event e where e.run = r.run and e.kind = $2)))::text as ended
     from rowproof.run r where run = $1 for update`,
    [run, openedEvent],
  );
  if (rows[0] === undefined) return 'absent';
  return flag(rows[0], 'ended') ? 'ended' : 'needed';
}

async function ledgerTables(session: Session): Promise<string[]> {
  const { rows } = await session.query<{ name: string }>(
    `select tablename as name from pg_catalog.pg_tables where schemaname = 'rowproof' order by tablename`,
  );
  return rows.map((row) => row.name);
}

/** Tables of keys: they have no foreign key to the run, which every row of every round would pay for. */
const keyTables = ['pending', 'provenance', 'touched', 'touched_target'];

/** The same by the number of a mapping. */
const numberedTables = ['quarantined', 'quarantine_cause'];

/** Deletes what the ledger holds about a run, children first, its id map left alone. */
export async function deleteRun(session: Session, run: string): Promise<void> {
  const { rows } = await session.query<{ name: string }>(
    `select distinct c.relname as name from pg_catalog.pg_constraint con join pg_catalog.pg_class c on c.oid = con.conrelid
     where con.contype = 'f' and con.confrelid = 'rowproof.run'::regclass order by c.relname`,
  );
  for (const name of numberedTables)
    await session.query(
      `delete from rowproof.${identifier(name)} where mapping in (select id from rowproof.mapping where run = $1)`,
      [run],
    );
  for (const name of [...keyTables, ...rows.map((row) => row.name)])
    await session.query(`delete from rowproof.${identifier(name)} where run = $1`, [run]);
  await session.query('delete from rowproof.run where run = $1', [run]);
}

/** Drops the ledger; the id map stays when it holds anything. */
export async function dropLedger(session: Session): Promise<void> {
  const tables = await ledgerTables(session);
  const { rows } = await session.query<{ kept: string }>('select exists (select from rowproof.id_map)::text as kept');
  const dropped = tables.filter((name) => name !== 'id_map' || rows[0]?.kept !== 'true');
  // it stands on tables that go, and a foreign view on it would be an error, as on them
  await session.query('drop view if exists rowproof.quarantine');
  if (dropped.length > 0)
    await session.query(`drop table ${dropped.map((name) => `rowproof.${identifier(name)}`).join(', ')}`);
  if (dropped.length < tables.length) return;
  const { rows: rest } = await session.query(
    `select 1 from pg_catalog.pg_class where relnamespace = 'rowproof'::regnamespace
     union all select 1 from pg_catalog.pg_proc where pronamespace = 'rowproof'::regnamespace`,
  );
  // the schema of an administrator who made it beforehand stays
  const { rows: owned } = await session.query<{ owned: string }>(
    `select pg_catalog.pg_has_role(nspowner, 'USAGE')::text as owned from pg_catalog.pg_namespace where nspname = 'rowproof'`,
  );
  if (rest.length === 0 && flag(owned[0], 'owned')) await session.query('drop schema rowproof');
}
