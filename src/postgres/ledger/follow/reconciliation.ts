import type { Session } from '../../session';

/** What rounds changed in the books of a mapping, signed. */
export interface BookChange {
  readonly migrated: number;
  readonly quarantined: number;
  readonly outOfScope: number;
}

/** Adds the changes of a round to the running totals, in its transaction. */
export async function addToDeltaReconciliation(
  session: Session,
  run: string,
  changes: readonly (BookChange & { readonly mapping: string })[],
): Promise<void> {
  const changed = changes.filter((one) => one.migrated !== 0 || one.quarantined !== 0 || one.outOfScope !== 0);
  if (changed.length === 0) return;
  await session.query(
    `insert into rowproof.delta_reconciliation as b (run, mapping, migrated, quarantined, out_of_scope)
     select $1, c.mapping, c.migrated, c.quarantined, c."outOfScope"
     from jsonb_to_recordset($2::jsonb) as c (mapping text, migrated bigint, quarantined bigint, "outOfScope" bigint)
     on conflict (run, mapping) do update set migrated = b.migrated + excluded.migrated,
       quarantined = b.quarantined + excluded.quarantined, out_of_scope = b.out_of_scope + excluded.out_of_scope`,
    [run, JSON.stringify(changed)],
  );
}
