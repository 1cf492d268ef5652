import type { RowLimit } from '../contract/resolved-plan';

/** The largest number of bad rows that the limit allows, null without a limit; the tighter of the two counts. */
export function allowedBadRows(limit: RowLimit, sourceRows: number): number | null {
  const bounds: number[] = [];
  if (limit.rows !== null) bounds.push(limit.rows);
  if (limit.percent !== null) bounds.push(Math.floor((limit.percent * sourceRows) / 100 + 1e-9));
  return bounds.length === 0 ? null : Math.min(...bounds);
}

/** Reasons that follow a parent: no fault of the row's own table. */
export function followsParent(reason: string): boolean {
  return reason === 'parent_quarantined' || reason === 'parent_out_of_scope';
}
