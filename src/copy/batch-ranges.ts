import type { KeyRange } from '../contract/key';

/**
 * Ranges that together cover every key exactly once, from the upper bounds in key order. The first and the last range are
 * open, so that a row beyond the keys seen while planning still belongs to a batch.
 */
export function rangesFromBoundaries(boundaries: readonly (readonly string[])[]): KeyRange[] {
  const ranges: KeyRange[] = [];
  let lower: readonly string[] | null = null;
  for (const upper of boundaries) {
    ranges.push({ lower, upper });
    lower = upper;
  }
  ranges.push({ lower, upper: null });
  return ranges;
}
