import { replaceTokens } from '../compile/statements/bind-statement';
import { sourceColumn } from '../compile/statements/column-to-sql';
import { keyAmong } from '../compile/key/key-match';
import { keyTextSql } from '../compile/key/key-text';
import type { CompiledMapping } from '../contract/compiled';
import { literal } from '../sql/quote';

/**
 * Adds to the {{range}} of a source statement: only these source keys (found through the key's index where its types allow it), or
 * all but these. The token stays to be bound.
 */
export function restrictKeys(
  mapping: Pick<CompiledMapping, 'from' | 'key'>,
  sql: string,
  restriction: { readonly only?: readonly string[]; readonly except?: readonly string[] },
): string {
  const references = mapping.key.map((column) => sourceColumn(mapping.from, column.name));
  const key = keyTextSql(references.map((reference) => `${reference}::text`));
  const parts: string[] = [];
  if (restriction.only !== undefined) parts.push(keyAmong(mapping.key, references, key, restriction.only));
  if (restriction.except !== undefined && restriction.except.length > 0)
    parts.push(`NOT (${key} = ANY(ARRAY[${restriction.except.map(literal).join(', ')}]::text[]))`);
  if (parts.length === 0) return sql;
  return replaceTokens(sql, (token) => (token === 'range' ? `({{range}}) AND ${parts.join(' AND ')}` : `{{${token}}}`));
}
