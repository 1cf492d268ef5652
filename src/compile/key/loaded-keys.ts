/** The statement `expected` cut down to source key and target key; what else it would compute is not evaluated. */
export function loadedKeys(expected: string): string {
  return `SELECT "e"."source_key", "e"."target_key" FROM (\n${expected}\n) AS "e"("source_key", "target_key")`;
}
