import { replaceTokens } from '../compile/bind-statement';
import { sourceColumn } from '../compile/column-to-sql';
import { keyTextSql } from '../compile/source-select';
import type { CompiledMapping } from '../contract/compiled';
import { literal } from '../sql/quote';

/** Adds to the {{range}} of a source statement: only these source keys, or all but these. The token stays to be bound. */
export function restrictKeys(
  mapping: Pick<CompiledMapping, 'from' | 'key'>,
  sql: string,
  restriction: { readonly only?: readonly string[]; readonly except?: readonly string[] },
): string {
  const key = keyTextSql(mapping.key.map((column) => `${sourceColumn(mapping.from, column.name)}::text`));
  const among = (keys: readonly string[]): string => `${key} = ANY(ARRAY[${keys.map(literal).join(', ')}]::text[])`;
  const parts: string[] = [];
  if (restriction.only !== undefined) parts.push(among(restriction.only));
  if (restriction.except !== undefined && restriction.except.length > 0)
    parts.push(`NOT (${among(restriction.except)})`);
  if (parts.length === 0) return sql;
  return replaceTokens(sql, (token) => (token === 'range' ? `({{range}}) AND ${parts.join(' AND ')}` : `{{${token}}}`));
}
