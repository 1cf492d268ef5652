/**
 * The canonical text of a key: a JSON array of the key columns' canonical texts, spelled as PostgreSQL's
 * `jsonb_build_array(a::text, b::text)::text` spells it (`["1", "x"]`). Injective for any column values.
 */
export function keyText(parts: readonly (string | null)[]): string {
  return `[${parts.map((part) => JSON.stringify(part)).join(', ')}]`;
}

export function keyParts(text: string): (string | null)[] {
  return JSON.parse(text) as (string | null)[];
}

/** A half-open range of source keys: greater than `lower`, up to and including `upper`; null is unbounded. */
export interface KeyRange {
  readonly lower: readonly string[] | null;
  readonly upper: readonly string[] | null;
}
