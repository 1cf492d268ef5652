/**
 * Injective text of a row for digests: `5:value` per column, `-` for NULL. No separator can be imitated by a value, NULL
 * differs from every text, and rows can be written one after the other.
 */
export function encodeRow(values: readonly (string | null)[], from = 0): string {
  let encoded = '';
  for (let index = from; index < values.length; index += 1) {
    const value = values[index] as string | null;
    encoded += value === null ? '-' : `${value.length}:${value}`;
  }
  return `${encoded};`;
}
