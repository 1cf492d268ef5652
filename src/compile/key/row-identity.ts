import type { ColumnType, Relation } from '../../contract/catalog';
import type { CompiledMapping, KeyColumn } from '../../contract/compiled';
import { qualified } from '../../sql/quote';
import { keyTextSql } from './key-text';

/**
 * What stands in for a key where a table has none. On the source a row is named by its place: that holds as long as nobody
 * writes, which a run without capture requires anyway. On the target rows are compared by their contents, as a multiset.
 */

/** The place of a row as key columns, `only` without those of children; null where rows have none (views, foreign tables). */
export function physicalKey(from: Relation, only: boolean): readonly KeyColumn[] | null {
  if (from.kind === 'partitioned' || (from.inherited && !only))
    return [system('tableoid', 'oid'), system('ctid', 'tid')];
  return from.kind === 'table' || from.kind === 'materialized view' ? [system('ctid', 'tid')] : null;
}

/** True when a key is the place of a row. */
export function isPhysical(key: readonly Pick<KeyColumn, 'name'>[]): boolean {
  return key.at(-1)?.name === 'ctid';
}

function system(name: string, type: string): KeyColumn {
  return { name, type: builtIn(type), order: 'bytes' };
}

function builtIn(name: string): ColumnType {
  const none = { element: null, base: null, labels: null, length: null, precision: null, scale: null, fraction: null };
  return { name, schema: 'pg_catalog', oid: name === 'oid' ? 26 : 27, kind: 'base', ...none };
}

/** What FROM names: the rows of a mapping's source. */
export function sourceRows({ from, only }: Pick<CompiledMapping, 'from' | 'only'>): string {
  return only ? `ONLY ${qualified(from)}` : qualified(from);
}

/** True when rows of the target have no key and are compared by their contents, each as often as it occurs. */
export function isMultiset(mapping: Pick<CompiledMapping, 'targetKey'>): boolean {
  return mapping.targetKey.length === 0;
}

/**
 * Key text of a row without a key, from the texts of all loaded columns in their order: a digest, because a row may be long. The text
 * of an array is injective, NULL included.
 */
export function contentKeySql(texts: readonly string[]): string {
  return keyTextSql([`encode(sha256(convert_to((ARRAY[${texts.join(', ')}]::text[])::text, 'UTF8')), 'hex')`]);
}
