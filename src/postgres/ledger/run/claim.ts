import { problem, RowproofError } from '../../../errors/rowproof-error';
import type { Session } from '../../session';
import { joinTransaction } from '../../transaction';

/**
 * Claims target tables for a run, all or none; again is harmless. Relations are any injective text, `"s"."t"` by habit.
 * RP4005 names every other run that holds one.
 */
export async function claimTables(session: Session, run: string, relations: readonly string[]): Promise<void> {
  if (relations.length === 0) return;
  await joinTransaction(session, async () => {
    await session.query(
      // one order for everybody, so that two runs that claim the same tables wait and do not deadlock
      `insert into rowproof.claim (relation, run)
       select relation, $1 from pg_catalog.unnest($2::text[]) as relation order by relation collate "C"
       on conflict (relation) do nothing`,
      [run, relations],
    );
    const { rows } = await session.query<{ relation: string; run: string }>(
      'select relation, run from rowproof.claim where relation = any ($2::text[]) and run <> $1 order by relation',
      [run, relations],
    );
    if (rows.length === 0) return;
    throw new RowproofError(
      rows.map((deferred) =>
        problem('RP4005', `${deferred.relation} is claimed by run ${deferred.run}`, {
          where: { object: deferred.run },
        }),
      ),
    );
  });
}

/** Gives all claims of the run back. */
export async function releaseTables(session: Session, run: string): Promise<void> {
  await session.query('delete from rowproof.claim where run = $1', [run]);
}
