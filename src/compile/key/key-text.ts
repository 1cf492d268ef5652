/** Canonical key text (`contract/key.ts`) from expressions of type text. */
export function keyTextSql(parts: readonly string[]): string {
  return `jsonb_build_array(${parts.join(', ')})::text`;
}
