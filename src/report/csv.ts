/** One CSV line (RFC 4180 without the line end); NULL is an empty field. Values that a spreadsheet would run are quoted as text. */
export function csvLine(values: readonly (string | null)[]): string {
  return values.map(csvField).join(',');
}

function csvField(value: string | null): string {
  if (value === null) return '';
  const safe = /^[=+\-@\t\r\n\uFF0B\uFF0D\uFF1D\uFF20]/.test(value) ? `'${value}` : value;
  return /[",\r\n']/.test(safe) || safe === '' ? `"${safe.replaceAll('"', '""')}"` : safe;
}
