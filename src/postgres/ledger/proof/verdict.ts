import type { Verdict } from '../../../contract/activity-types';
import type { MappingFacts } from '../../../validate/reconciliation';
import type { Session } from '../../session';
import { flag, integer, number } from '../../row';

export type LedgerBooks = Pick<MappingFacts, 'receipts' | 'adjustments' | 'quarantine' | 'changes'>;

/** What receipts, adjustments, rounds and the quarantine say about one mapping, in one statement. */
export async function readLedgerReconciliation(session: Session, run: string, mapping: string): Promise<LedgerBooks> {
  const { rows } = await session.query<Record<string, string>>(
    `select b.*, a.*, q.*, d.* from
       (select count(*)::text as batches, count(*) filter (where state = 'done')::text as done,
          coalesce(sum(migrated), 0)::text as migrated, coalesce(sum(quarantined), 0)::text as quarantined,
          coalesce(sum(out_of_scope), 0)::text as out_of_scope
        from rowproof.batch where run = $1 and mapping = $2) b,
       (select coalesce(sum(migrated), 0)::text as adjusted_migrated,
          coalesce(sum(quarantined), 0)::text as adjusted_quarantined,
          coalesce(sum(out_of_scope), 0)::text as adjusted_out_of_scope
        from rowproof.adjustment where run = $1 and mapping = $2) a,
       (select count(*) filter (where class = 'quarantined')::text as kept_quarantined,
          count(*) filter (where class = 'out_of_scope')::text as kept_out_of_scope
        from rowproof.quarantine where run = $1 and mapping = $2) q,
       (select (exists (select from rowproof.apply_lease where run = $1) or count(*) > 0)::text as followed,
          coalesce(sum(migrated), 0)::text as changed_migrated, coalesce(sum(quarantined), 0)::text as changed_quarantined
        from rowproof.delta_reconciliation where run = $1 and mapping = $2) d`,
    [run, mapping],
  );
  const figure = (name: string): number => integer(rows[0], name);
  return {
    receipts: {
      batches: figure('batches'),
      done: figure('done'),
      migrated: figure('migrated'),
      quarantined: figure('quarantined'),
      outOfScope: figure('out_of_scope'),
    },
    adjustments: {
      migrated: figure('adjusted_migrated'),
      quarantined: figure('adjusted_quarantined'),
      outOfScope: figure('adjusted_out_of_scope'),
    },
    quarantine: { quarantined: figure('kept_quarantined'), outOfScope: figure('kept_out_of_scope') },
    changes: flag(rows[0], 'followed')
      ? { migrated: figure('changed_migrated'), quarantined: figure('changed_quarantined') }
      : null,
  };
}

/** Stores the verdict of a run; a later validation replaces it. */
export async function storeVerdict(session: Session, run: string, verdict: Verdict): Promise<void> {
  await session.query(
    `insert into rowproof.verdict (run, green, sentence, reconciliation, problems) values ($1, $2, $3, $4::jsonb, $5::jsonb)
     on conflict (run) do update set green = excluded.green, sentence = excluded.sentence, reconciliation = excluded.reconciliation,
       problems = excluded.problems, reached_at = clock_timestamp()`,
    [run, verdict.green, verdict.sentence, JSON.stringify(verdict.reconciliation), JSON.stringify(verdict.problems)],
  );
}

/** Forgets the verdict: nothing is green while a new validation is under way. */
export async function forgetVerdict(session: Session, run: string): Promise<void> {
  await session.query('delete from rowproof.verdict where run = $1', [run]);
}

/** How long ago the last validation closed its books, milliseconds; null while there is no verdict. */
export async function verdictAge(session: Session, run: string): Promise<number | null> {
  const { rows } = await session.query<{ age: string }>(
    `select greatest(0, extract(epoch from pg_catalog.clock_timestamp() - reached_at) * 1000)::bigint::text as age
     from rowproof.verdict where run = $1`,
    [run],
  );
  return rows[0] === undefined ? null : number(rows[0], 'age');
}

export async function readVerdict(session: Session, run: string): Promise<Verdict | null> {
  const { rows } = await session.query<Record<string, string>>(
    `select green::text as green, sentence, reconciliation::text as reconciliation, problems::text as problems
     from rowproof.verdict where run = $1`,
    [run],
  );
  const [row] = rows;
  if (row === undefined) return null;
  return {
    green: flag(row, 'green'),
    sentence: row['sentence'] as string,
    reconciliation: JSON.parse(row['reconciliation'] as string) as Verdict['reconciliation'],
    problems: JSON.parse(row['problems'] as string) as string[],
  };
}
