import { compareBytes } from './compare-bytes';
import { compareSliceByRows, type Comparison, type Look } from './compare-rows';

/** Compares a slice: by bytes where both sides meet in them, else row by row. The snapshots are the caller's. */
export async function compareSlice(
  comparison: Comparison,
  slice: { readonly index: number; readonly of: number },
): Promise<Look> {
  return (await compareBytes(comparison, slice)) ?? compareSliceByRows(comparison, slice);
}
