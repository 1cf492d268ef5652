/** How a column stands in the JSON of an exported row. */
export interface OriginalColumn {
  readonly name: string;
  readonly kind: 'number' | 'boolean' | 'json' | 'text';
}

/**
 * A source row as one JSON object. What JSON, or a reader of it, cannot hold is spelled as text, as PostgreSQL spells it: NaN and
 * Infinity, numbers that a double would round, JSON with NUL or half of a surrogate pair in it, bytea, arrays, dates.
 */
export function originalJson(columns: readonly OriginalColumn[], values: readonly (string | null)[]): string {
  const fields = columns.map(({ name, kind }, at) => `${JSON.stringify(name)}: ${valueJson(kind, values[at] ?? null)}`);
  return `{${fields.join(', ')}}`;
}

function valueJson(kind: OriginalColumn['kind'], value: string | null): string {
  if (value === null) return 'null';
  if (kind === 'boolean' && (value === 'true' || value === 'false')) return value;
  if (kind === 'number' && isExactNumber(value)) return value;
  if (kind === 'json' && isSoundJson(value)) return value;
  return JSON.stringify(value);
}

/** A JSON number that comes back from a double digit by digit. */
function isExactNumber(text: string): boolean {
  const [, digits] = /^-?((?:0|[1-9]\d*)(?:\.\d+)?)$/.exec(text) ?? [];
  return digits !== undefined && digits.replace('.', '').replace(/^0+/, '').length <= 15;
}

function isSoundJson(text: string): boolean {
  try {
    JSON.parse(text);
  } catch {
    return false;
  }
  const escapes = [...text.matchAll(/\\(?:u([0-9a-fA-F]{4})|.)/gs)].map(([, code]) => parseInt(code ?? '20', 16));
  return !escapes.includes(0) && !hasHalfPair(text);
}

/** Whether a surrogate is written without its other half right beside it. */
function hasHalfPair(text: string): boolean {
  const written = text.replace(/\\\\/g, '').replace(/\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})/gi, '');
  return /\\ud[89a-f][0-9a-f]{2}/i.test(written);
}
