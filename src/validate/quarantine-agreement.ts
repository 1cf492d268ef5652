/** What the ledger says about a source row that is not in the target. */
export interface QuarantineEntry {
  readonly reason: string;
  readonly finding: string;
  /** Every reason of the row, as finding ids. */
  readonly findings: readonly string[];
  readonly sqlstate: string | null;
}

/** Reasons that settle gives: such a row was loaded first, so nothing may be wrong with the row itself. */
const settleReasons: ReadonlySet<string> = new Set([
  'duplicate',
  'orphan',
  'check',
  'parent_quarantined',
  'parent_out_of_scope',
]);

/**
 * Whether a quarantine entry agrees with the reasons that the other implementation finds for the same row. Entries that
 * only the target's server could justify (an SQLSTATE, a blocked batch) are taken as they are.
 *
 * `known`: finding ids that recomputation can give; `recomputed`: those it gave for this row.
 */
export function quarantineAgrees(
  entry: QuarantineEntry,
  recomputed: readonly string[],
  known: ReadonlySet<string>,
): boolean {
  if (entry.sqlstate !== null) return true;
  if (settleReasons.has(entry.reason)) return recomputed.length === 0;
  if (!known.has(entry.finding)) return true;
  const stated = new Set([entry.finding, ...entry.findings].filter((finding) => known.has(finding)));
  const found = new Set(recomputed);
  return stated.size === found.size && [...stated].every((finding) => found.has(finding));
}
