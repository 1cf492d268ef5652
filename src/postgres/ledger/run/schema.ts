import { fail } from '../../../errors/rowproof-error';
import type { Session } from '../../session';
import { isInsufficientPrivilege } from '../../sqlstate';
import { inTransaction } from '../../transaction';
import { ledgerMigrations, usableFrom } from '../migrations/migrations';
import { integer } from '../../row';

/** Any constant; one lock for all ledgers of a database, since there is one ledger a database. */
const ledgerLock = '7310579612348801';

/** What a program knows of ledgers. */
export interface LedgerKnowledge {
  readonly migrations: readonly string[];
  readonly usableFrom: readonly number[];
}
const ours: LedgerKnowledge = { migrations: ledgerMigrations, usableFrom };

/**
 * Creates schema rowproof or brings it forward, one session at a time. Idempotent and cheap when there is nothing to do. `run`: the
 * run that is opened or undone here, which bears every change. RP4002 newer ledger, RP4003 the schema is somebody else's, RP4004
 * privilege missing, RP4021 another run is open whose workers could not go on.
 */
export async function ensureLedger(session: Session, run: string | null = null, known = ours): Promise<void> {
  const { migrations } = known;
  const readExistingFreeze = await ledgerVersion(session, known);
  if (readExistingFreeze !== null && readExistingFreeze >= migrations.length) return;
  try {
    await inTransaction(session, 'read write', async () => {
      await session.query('select pg_catalog.pg_advisory_xact_lock($1::bigint)', [ledgerLock]);
      const version = (await ledgerVersion(session, known)) ?? (await createSchema(session));
      if (version > 0 && known.usableFrom.slice(version).some((oldest) => oldest > version))
        await refuseOpenRuns(session, run);
      for (let next = version; next < migrations.length; next++) {
        await session.query(migrations[next] as string);
        await session.query('insert into rowproof.ledger (version, usable_from) values ($1, $2)', [
          next + 1,
          known.usableFrom[next] as number,
        ]);
      }
    });
  } catch (error) {
    if (!isInsufficientPrivilege(error)) throw error;
    throw fail(
      'RP4004',
      `Role ${session.connection.user} may not create or change schema rowproof on ${session.connection.label}`,
      {
        where: { object: session.connection.label },
      },
    );
  }
}

/** Workers of an older version drive them, and know only the ledger as it is. */
async function refuseOpenRuns(session: Session, except: string | null): Promise<void> {
  const { rows } = await session.query<{ run: string }>(
    'select run from rowproof.run where outcome is null and run is distinct from $1 order by run limit 10',
    [except],
  );
  if (rows.length === 0) return;
  const runs = rows.map(({ run }) => run).join(', ');
  throw fail('RP4021', `The ledger on ${session.connection.label} holds open runs of an older rowproof: ${runs}.`, {
    where: { object: session.connection.label },
  });
}

/** Version of the ledger here; null without schema rowproof. A newer one that only added is as good. Raises RP4002, RP4003, RP4004. */
export async function ledgerVersion(session: Session, { migrations } = ours): Promise<number | null> {
  const where = { object: session.connection.label };
  // catalogs by name: to_regclass raises where the role may not use the schema
  const { rows } = await session.query<{ versioned: string; usable: string; relations: string }>(
    `select (exists (select from pg_catalog.pg_class c where c.relnamespace = n.oid and c.relname = 'ledger' and c.relkind = 'r'))::text as versioned,
       pg_catalog.has_schema_privilege(n.oid, 'usage')::text as usable,
       (select pg_catalog.count(*) from pg_catalog.pg_class c where c.relnamespace = n.oid and c.relname not in ('id_map', 'id_map_pkey')
         and c.relname !~ '^(change|purged)_[a-z0-9_]+$' and c.relkind <> 't') as relations
     from pg_catalog.pg_namespace n where n.nspname = 'rowproof'`,
  );
  const found = rows[0];
  if (found === undefined) return null;
  if (found.usable !== 'true') {
    throw fail('RP4004', `Role ${session.connection.user} may not use schema rowproof on ${session.connection.label}`, {
      where,
    });
  }
  if (found.versioned !== 'true') {
    // welcome: an empty schema made by an administrator (the role then needs no CREATE on the database), the id map that a
    // finished run left behind, and change logs of runs that this database is a source of
    if (integer(found, 'relations') > 0)
      throw fail('RP4003', `Schema rowproof on ${session.connection.label} is not a ledger`, { where });
    return null;
  }
  const result = await session.query<{ version: string; oldest: string }>(
    'select coalesce(max(version), 0) as version, coalesce(max(usable_from), 0) as oldest from rowproof.ledger',
  );
  const version = integer(result.rows[0], 'version');
  if (integer(result.rows[0], 'oldest') > migrations.length) {
    throw fail(
      'RP4002',
      `The ledger on ${session.connection.label} is version ${version}; this rowproof knows up to ${migrations.length}`,
      { where },
    );
  }
  return version;
}

async function createSchema(session: Session): Promise<number> {
  const { rowCount } = await session.query(`select from pg_catalog.pg_namespace where nspname = 'rowproof'`);
  // whatever default privileges say: keys and original values stay in here
  if (rowCount === 0) await session.query('create schema rowproof; revoke all on schema rowproof from public');
  await session.query(
    `create table rowproof.ledger (
       version int primary key,
       usable_from int not null,
       applied_at timestamptz not null default clock_timestamp()
     )`,
  );
  return 0;
}
