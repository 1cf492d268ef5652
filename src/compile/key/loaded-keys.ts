/** The statement `expected` cut down to source key and target key; what else it would compute is not evaluated. */
export function loadedKeys(expected: string): string {
  return `SELECT "e"."source_key", "e"."target_key" FROM (\n${expected}\n) AS "e"("source_key", "target_key")`;
}

/**
 * The statement `staged`, of whose `columns` loaded columns those at `wanted`, in their order, with the target key only where it is asked
 * for; what else it would compute is not evaluated.
 */
export function stagedRows(
  staged: string,
  columns: number,
  { wanted, targetKeys }: { readonly wanted: readonly number[]; readonly targetKeys: boolean },
): string {
  const field = (index: number): string => `"c${index}"`;
  const named = ['"source_key"', '"target_key"', ...Array.from({ length: columns }, (_, index) => field(index))];
  const taken = ['"source_key"', ...(targetKeys ? ['"target_key"'] : []), ...wanted.map(field)];
  return `SELECT ${taken.join(', ')} FROM (\n${staged}\n) AS "e"(${named.join(', ')})`;
}
