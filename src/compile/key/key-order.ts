import type { Column, ColumnType } from '../../contract/catalog';
import type { KeyColumn, KeyOrder } from '../../contract/compiled';
import { identifier } from '../../sql/quote';
import { baseTypeName, castName, isOrdered } from '../statements/type-facts';

const integers = new Set(['smallint', 'integer', 'bigint']);

/** How the merge of the proof compares this column: as an integer, as a uuid, or as the UTF-8 bytes of its text. */
function keyOrder(type: ColumnType): KeyOrder {
  const base = baseTypeName(type);
  if (type.kind === 'base' || type.kind === 'domain') {
    if (integers.has(base)) return 'integer';
    if (base === 'uuid') return 'uuid';
  }
  return 'bytes';
}

export function keyColumn(column: Column): KeyColumn {
  return { name: column.name, type: column.type, order: keyOrder(column.type) };
}

/**
 * What ORDER BY and ranges of the source key use. Types of extensions are ordered by their text in "C": their operators are
 * outside pg_catalog, so `<` and ORDER BY could disagree, and a row would fall between two batches.
 */
export function rangeExpression(column: KeyColumn, reference = identifier(column.name)): string {
  return isOrdered(column.type) ? reference : `(${reference}::text COLLATE "C")`;
}

/** Type of the literals that are compared with `rangeExpression`. */
export function rangeType(column: KeyColumn): string {
  return isOrdered(column.type) ? castName(column.type) : 'text';
}

/** ORDER BY expressions of the proof for a key: `references` are expressions of the columns' own types, or of their canonical text with `fromText`. */
export function proofOrder(key: readonly KeyColumn[], references: readonly string[], fromText = false): string[] {
  return key.map((column, index) => {
    const reference = references[index] as string;
    if (column.order === 'integer') return fromText ? `${reference}::bigint` : reference;
    if (column.order === 'uuid') return fromText ? `${reference}::uuid` : reference;
    return `convert_to(${reference}${fromText ? '' : '::text'}, 'UTF8')`;
  });
}
