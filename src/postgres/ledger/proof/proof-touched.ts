import type { Session } from '../../session';

/** Two lists of keys that rounds noted, by the column that holds the key. */
export type TouchedSide = 'source' | 'target';

const tables: Readonly<Record<TouchedSide, { readonly table: string; readonly key: string }>> = {
  source: { table: 'rowproof.touched', key: 'source_key' },
  target: { table: 'rowproof.touched_target', key: 'target_key' },
};

/** Keys of a mapping that rounds later than `since` touched, in chunks of at most `limit`. */
export async function* touchedKeys(
  session: Session,
  run: string,
  mapping: string,
  side: TouchedSide,
  since: number,
  limit: number,
): AsyncGenerator<readonly string[]> {
  const { table, key } = tables[side];
  let after: string | null = null;
  for (;;) {
    const { rows }: { rows: { key: string }[] } = await session.query<{ key: string }>(
      `select ${key} as key from ${table}
       where run = $1 and mapping = $2 and round > $3 and ($4::text is null or ${key} > $4) order by ${key} limit $5`,
      [run, mapping, since, after, limit],
    );
    if (rows.length > 0) yield rows.map((row) => row.key);
    if (rows.length < limit) return;
    after = (rows[rows.length - 1] as { key: string }).key;
  }
}

/** Rows of a chunk that one statement takes away, so that no round waits long for one of them. */
const chunk = 20_000;

/** Forgets keys that were last touched at or before a round that the proof has seen. A round under way keeps its own. */
export async function forgetTouched(session: Session, run: string, mapping: string, upTo: number): Promise<void> {
  for (const { table } of Object.values(tables)) {
    for (;;) {
      const { rowCount } = await session.query(
        // by place: joined by key, every row may be compared with every other while the table has no statistics
        `delete from ${table} where ctid = any (array(select ctid from ${table}
           where run = $1 and mapping = $2 and round <= $3 limit ${chunk})) and round <= $3`,
        [run, mapping, upTo],
      );
      if (rowCount < chunk) break;
    }
  }
}
