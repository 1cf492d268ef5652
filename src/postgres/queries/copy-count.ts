import type { Session } from '../session';

export interface RangeCounts {
  readonly total: number;
  readonly outOfScope: number;
  readonly rejected: number;
}

/** Runs a bound `counts` statement of a compiled mapping. */
export async function countRange(session: Session, counts: string): Promise<RangeCounts> {
  const { rows } = await session.query<{ total: string; out_of_scope: string; rejected: string }>(counts);
  const row = rows[0] as { total: string; out_of_scope: string; rejected: string };
  return { total: Number(row.total), outOfScope: Number(row.out_of_scope), rejected: Number(row.rejected) };
}
