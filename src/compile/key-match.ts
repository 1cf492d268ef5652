import type { KeyColumn } from '../contract/compiled';
import { castName, isOrdered } from './type-facts';

/**
 * A condition beside `key text = ANY($1)` that lets PostgreSQL find the rows through the key's index; null when a key column has
 * a type whose operators are not in pg_catalog. `references` are the columns' own SQL.
 */
export function keyMatch(key: readonly Pick<KeyColumn, 'type'>[], references: readonly string[]): string | null {
  if (key.some((column) => !isOrdered(column.type))) return null;
  const parts = key.map((column, index) => `("x"::jsonb ->> ${index})::${castName(column.type)}`);
  return `(${references.join(', ')}) IN (SELECT ${parts.join(', ')} FROM unnest($1::text[]) AS "given"("x"))`;
}
