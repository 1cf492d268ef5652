/** Rows a second that a live proof gets through at least, both sides sorted and merged on a busy machine. */
const carefulRate = 20_000;
/** Smaller slices would cost more in reading both tables than they save in age. */
const fewestRows = 1_000;
/** Every slice reads both tables once. */
const maxSlices = 256;

/** Into how many slices a live proof divides a table, so that one takes well below the limit for the age of a snapshot. */
export function liveSlices(rows: number, settings: { sliceRows: number; maxSnapshotAgeMs: number }): number {
  const inTime = Math.floor((settings.maxSnapshotAgeMs / 1000) * carefulRate);
  const perSlice = Math.min(settings.sliceRows, Math.max(fewestRows, inTime));
  return Math.min(maxSlices, Math.max(1, Math.ceil(rows / perSlice)));
}
