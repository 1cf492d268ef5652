/** The statement `expected` cut down to source key and target key; what else it would compute is not evaluated. */
export function loadedKeys(expected: string): string {
  return `SELECT "e"."source_key", "e"."target_key" FROM (\n${expected}\n) AS "e"("source_key", "target_key")`;
}

/** The statement `staged` with its loaded columns as c0, c1, …; without target keys, which then are not evaluated, unless asked for. */
export function stagedRows(staged: string, columns: number, targetKeys: boolean): string {
  const fields = Array.from({ length: columns }, (_, index) => `"c${index}"`).join(', ');
  const keys = targetKeys ? '"source_key", "target_key"' : '"source_key"';
  return `SELECT ${keys}, ${fields} FROM (\n${staged}\n) AS "e"("source_key", "target_key", ${fields})`;
}
