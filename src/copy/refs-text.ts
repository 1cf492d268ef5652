/** The refs of a quarantined row: text of each referenced target column, null where it cannot be computed. */
export function refsText(columns: readonly string[], valueOf: (column: string) => string | null): string | null {
  if (columns.length === 0) return null;
  return JSON.stringify(Object.fromEntries(columns.map((column) => [column, valueOf(column)])));
}
