import { inTransaction } from '../../transaction';
import type { Session } from '../../session';

const rowsAtATime = 50_000;

/**
 * Takes the values of referenced columns from the rows in quarantine of a run, once nothing looks for their parents any more. In
 * transactions of its own, each of at most 50,000 rows, so that it goes on where it was ended.
 */
export async function clearRefs(session: Session, run: string): Promise<void> {
  const { rows: mappings } = await session.query<{ id: string }>(
    'select id::text as id from rowproof.mapping where run = $1 order by id',
    [run],
  );
  for (const { id } of mappings) {
    for (let after: string | null = ''; after !== null;) after = await clearSome(session, id, after);
  }
}

/** The keys of one mapping past `after`; the last of them, null where they were the last. */
async function clearSome(session: Session, mapping: string, after: string): Promise<string | null> {
  const { rows } = await session.query<{ key: string }>(
    `select source_key as key from rowproof.quarantined where mapping = $1::int and source_key > $2
     order by source_key offset ${rowsAtATime - 1} limit 1`,
    [mapping, after],
  );
  const last = rows[0]?.key ?? null;
  await inTransaction(session, 'read write', () =>
    session.query(
      `update rowproof.quarantined set refs = null
       where mapping = $1::int and source_key > $2 and ($3::text is null or source_key <= $3) and refs is not null`,
      [mapping, after, last],
    ),
  );
  return last;
}
