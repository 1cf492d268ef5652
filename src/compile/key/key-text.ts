import type { ColumnType } from '../../contract/catalog';
import { baseTypeName } from '../statements/type-facts';

/** Canonical key text (`contract/key.ts`) from expressions of type text. */
export function keyTextSql(parts: readonly string[]): string {
  return `jsonb_build_array(${parts.join(', ')})::text`;
}

/** Built-in types whose text never holds a quote, a backslash or a control character, so that JSON spells it as it is. */
const plainlySpelled = new Set(['smallint', 'integer', 'bigint', 'oid', 'numeric', 'boolean', 'uuid', 'date']);

/** The same key text from columns themselves; put together by hand where nothing has to be escaped, which costs a fifth. */
export function keyTextOfColumns(columns: readonly { readonly type: ColumnType; readonly value: string }[]): string {
  const plain = columns.every(({ type }) => type.schema === 'pg_catalog' && plainlySpelled.has(baseTypeName(type)));
  if (!plain) return keyTextSql(columns.map(({ value }) => `${value}::text`));
  const parts = columns.map(({ value }) => `coalesce('"' || ${value}::text || '"', 'null')`);
  return `('[' || ${parts.join(` || ', ' || `)} || ']')`;
}
