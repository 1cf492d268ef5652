/** Batches below this many rows cost more in bookkeeping than they move. */
const smallestBatch = 1_000;
/** Batches above this many rows make a retry, and a careful second look, too dear. */
const largestBatch = 200_000;
const unknownRowBytes = 200;

/** Rows per batch so that one batch carries about `bytes`; an explicit `rows` of the plan wins. */
export function chooseBatchRows(table: {
  readonly estimatedRows: number;
  readonly estimatedBytes: number;
  readonly rows: number | null;
  readonly bytes: number;
}): number {
  if (table.rows !== null) return Math.max(1, Math.floor(table.rows));
  const known = table.estimatedRows > 0 && table.estimatedBytes > 0;
  const average = known ? table.estimatedBytes / table.estimatedRows : unknownRowBytes;
  return Math.min(largestBatch, Math.max(smallestBatch, Math.floor(table.bytes / Math.max(1, average))));
}
