import type { KeyColumn } from '../../contract/compiled';
import { literal } from '../../sql/quote';
import { textArray } from '../statements/text-array';
import { castName, isOrdered } from '../statements/type-facts';

/** The key columns of the key text "x" in their own types; null when one of them has a type whose operators are not in pg_catalog. */
function typedParts(key: readonly Pick<KeyColumn, 'type'>[]): string[] | null {
  if (key.some((column) => !isOrdered(column.type))) return null;
  return key.map((column, index) => `("x"::jsonb ->> ${index})::${castName(column.type)}`);
}

/**
 * A condition beside `key text = ANY($1)` that lets PostgreSQL find the rows through the key's index; null when a key column has
 * a type whose operators are not in pg_catalog. `references` are the columns' own SQL.
 */
export function keyMatch(key: readonly Pick<KeyColumn, 'type'>[], references: readonly string[]): string | null {
  const parts = typedParts(key);
  if (parts === null) return null;
  return `(${references.join(', ')}) IN (SELECT ${parts.join(', ')} FROM unnest($1::text[]) AS "given"("x"))`;
}

/**
 * True for rows whose key text is among `keys`, and no others, by a semi-join that PostgreSQL does through the key's index. It costs
 * what the keys cost, however large the table is.
 */
export function keyAmong(
  key: readonly Pick<KeyColumn, 'type'>[],
  references: readonly string[],
  keyText: string,
  keys: readonly string[],
): string {
  const parts = typedParts(key);
  const given = `FROM unnest(${literal(textArray(keys))}::text[]) AS "given"("x")`;
  if (parts === null) return `${keyText} IN (SELECT "x" ${given})`;
  return `(${[...references, keyText].join(', ')}) IN (SELECT ${[...parts, '"x"'].join(', ')} ${given})`;
}
