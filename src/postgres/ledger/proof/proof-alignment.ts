import { badClasses } from '../../../validate/row';
import type { Session } from '../../session';
import { counted } from '../../../report/counted';
import { integer } from '../../row';

/** At which round a slice of a proof was aligned, and how old the alignment was when the slice was stored. */
export interface SliceAlignment {
  readonly round: number;
  readonly ageMs: number;
}

/** Notes where a slice was aligned, in the transaction that stores what it showed. */
export async function storeAlignment(
  session: Session,
  slice: { readonly run: string; readonly mapping: string; readonly slice: number; readonly slices: number },
  aligned: SliceAlignment,
): Promise<void> {
  await session.query(
    `insert into rowproof.proof_alignment (run, mapping, slice, slices, round, aligned_at)
     values ($1, $2, $3, $4, $5, pg_catalog.clock_timestamp() - $6 * interval '1 millisecond')
     on conflict (run, mapping, slice) do update set slices = excluded.slices, round = excluded.round,
       aligned_at = excluded.aligned_at`,
    [slice.run, slice.mapping, slice.slice, slice.slices, aligned.round, Math.round(aligned.ageMs)],
  );
}

export interface LiveProofState {
  /** True when every slice of every table is proved and nothing differs, also among the keys proved again since. */
  readonly green: boolean;
  /** Tables that are not, with what is wrong: `orders: 3 of 8 slices proved`. */
  readonly problems: readonly string[];
}

interface TableRow {
  readonly mapping: string;
  readonly slices: string;
  readonly proved: string;
  readonly bad: string;
  readonly differences: string;
}

/** Whether all tables of a run came out green in its live proof. Reads the ledger alone. */
export async function liveProofState(session: Session, run: string): Promise<LiveProofState> {
  const { rows } = await session.query<TableRow>(
    `select m.mapping, coalesce(max(p.slices), 0)::text as slices, count(a.slice)::text as proved,
       coalesce(sum(${badClasses.map((name) => `p.${name}`).join(' + ')}), 0)::text as bad,
       (select count(*) from rowproof.difference d where d.run = $1 and d.mapping = m.mapping)::text as differences
     from (select distinct mapping from rowproof.batch where run = $1) m
     left join rowproof.proof p on p.run = $1 and p.mapping = m.mapping
     left join rowproof.proof_alignment a on a.run = $1 and a.mapping = p.mapping and a.slice = p.slice and a.slices = p.slices
     group by m.mapping order by m.mapping`,
    [run],
  );
  const problems = rows.flatMap((row) => {
    if (integer(row, 'slices') === 0) return [`${row.mapping}: not proved`];
    if (row.proved !== row.slices)
      return [`${row.mapping}: ${row.proved} of ${counted(integer(row, 'slices'), 'slice')} proved`];
    if (integer(row, 'bad') + integer(row, 'differences') > 0)
      return [`${row.mapping}: differs from what the plan says`];
    return [];
  });
  return { green: rows.length > 0 && problems.length === 0, problems };
}

/** Keys that rounds touched are proved again from here on: the oldest round any slice of the table was aligned at, 0 for none. */
export async function provedRound(session: Session, run: string, mapping: string): Promise<number> {
  const { rows } = await session.query<{ round: string }>(
    `select coalesce(min(round), 0)::text as round from rowproof.proof_alignment where run = $1 and mapping = $2`,
    [run, mapping],
  );
  return integer(rows[0], 'round');
}

/** Moves every slice of a table up to a later round: whatever rounds touched between is proved at that one. Its age stays. */
export async function moveAlignment(session: Session, run: string, mapping: string, round: number): Promise<void> {
  await session.query('update rowproof.proof_alignment set round = $3 where run = $1 and mapping = $2 and round < $3', [
    run,
    mapping,
    round,
  ]);
}
