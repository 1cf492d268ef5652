import type { CompiledMapping } from '../../contract/compiled';
import { untranslatableSql } from '../../transform/untranslatable';
import { sourceColumn } from './column-to-sql';
import { largeKindOfSource, textOrDigest } from './large-values';

type RawMapping = Pick<CompiledMapping, 'from' | 'encoding' | 'columns' | 'key' | 'targetKey'>;

/** A raw column as the text that TypeScript reads; `mark`: what the source cannot send is told apart from NULL. */
export function rawText(mapping: RawMapping, column: CompiledMapping['rawColumns'][number], mark: boolean): string {
  const value = column.sql ? `(${column.name})` : sourceColumn(mapping.from, column.name);
  const whole = `${value}::text`;
  const text = column.sql ? whole : textOrDigest(largeKindOfSource(mapping, column.name), value, whole);
  const unsendable = column.marked === true ? untranslatableSql(mapping.encoding, whole) : null;
  if (unsendable === null) return text;
  return mark
    ? `CASE WHEN ${unsendable} THEN 'B' ELSE 'T' || (${text}) END`
    : `CASE WHEN ${unsendable} THEN NULL ELSE ${text} END`;
}
