import type { RowLimit } from '../contract/resolved-plan';

/** The largest number of bad rows that the limit allows, null without a limit; the tighter of the two counts. */
export function allowedBadRows(limit: RowLimit, sourceRows: number): number | null {
  const bounds: number[] = [];
  if (limit.rows !== null) bounds.push(limit.rows);
  if (limit.percent !== null) bounds.push(Math.floor((limit.percent * sourceRows) / 100 + 1e-9));
  return bounds.length === 0 ? null : Math.min(...bounds);
}

/** Kind of the finding that raises a limit: the number of its decision is the most that is allowed. */
export const limitKind = 'limit';

const limitName = '.max_bad_rows';

/** The finding under which somebody raises the limit of a mapping for this run. */
export function limitFinding(mapping: string): string {
  return `${mapping}${limitName}`;
}

/** The mapping whose limit a decision raises; null for a decision about anything else. */
export function raisedLimit({ finding, action }: { readonly finding: string; readonly action: string }): string | null {
  return action === 'accept' && finding.endsWith(limitName) ? finding.slice(0, -limitName.length) : null;
}
