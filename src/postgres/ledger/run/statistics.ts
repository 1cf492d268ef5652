import { identifier } from '../../../sql/quote';
import type { Session } from '../../session';

/** Tables of the ledger with a row for each row or key of others: a plan made without their statistics may visit all of them for each. */
const large = ['quarantined', 'provenance', 'pending', 'touched', 'touched_target', 'difference', 'id_map', 'batch'];

/** Smaller ones are read whole at no cost. */
const fewPages = 8;

/**
 * Counts the tables of the ledger that grew to more than twice their size since they were counted, or never were: none of our
 * statements may depend on whether autovacuum came by. To be called where no transaction is open: what is counted stays locked
 * against being counted by others until its transaction ends. Tables that somebody else counts are left to them.
 */
export async function refreshStatistics(session: Session): Promise<void> {
  const { rows } = await session.query<{ name: string }>(
    `select c.relname::text as name from pg_catalog.pg_class c
     where c.relnamespace = 'rowproof'::pg_catalog.regnamespace and c.relkind = 'r'
       and (c.relname = any ($1::text[]) or pg_catalog.starts_with(c.relname::text, 'deferred_'))
       and pg_catalog.pg_relation_size(c.oid) > ${fewPages} * pg_catalog.current_setting('block_size')::bigint
       and (pg_catalog.pg_relation_size(c.oid) > (2 * c.relpages + ${fewPages}) * pg_catalog.current_setting('block_size')::bigint
         -- vacuum knows the size, and nothing of the values
         or not exists (select from pg_catalog.pg_stats s where s.schemaname = 'rowproof' and s.tablename = c.relname))
     order by name`,
    [large],
  );
  for (const { name } of rows) await session.query(`analyze (skip_locked) rowproof.${identifier(name)}`);
}
