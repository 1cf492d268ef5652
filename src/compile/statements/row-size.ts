import type { CompiledColumn, CompiledMapping, ReasonSpec } from '../../contract/compiled';
import { isDirect } from './column-to-sql';

/** A row is one message of COPY, which ends a little above this many bytes. */
const largestRow = 1_000_000_000;

/** So little room, however well its values are compressed, that no row of the relation can be that large. */
const smallRelation = 3 * 1024 * 1024;

const sized: ReadonlySet<string> = new Set(['text', 'character varying', 'bytea']);

type Facts = Pick<CompiledMapping, 'columns' | 'encoding' | 'copyFormat' | 'estimatedBytes'>;

/** Columns whose values may make a row too large to travel. */
export function sizedColumns({ columns, estimatedBytes }: Pick<Facts, 'columns' | 'estimatedBytes'>): CompiledColumn[] {
  if (estimatedBytes < smallRelation) return [];
  return columns.filter((column) => isDirect(column) && sized.has(column.inputTypes[0] ?? ''));
}

/** Reasons of rows that are too large, one a column that may be the largest of its row. */
export function sizeReasons(mapping: string, columns: readonly CompiledColumn[], after: number): ReasonSpec[] {
  return columns.map((column, at) => ({
    index: after + at + 1,
    column: column.target,
    kind: 'too_large',
    transform: 'copy',
    finding: `${mapping}.${column.target}.too_large`,
    sqlstate: '54000',
  }));
}

/** SQL of the bytes that a value takes on the wire; the size as stored costs nothing to ask for. */
export function wireSize({ encoding, copyFormat }: Facts, column: CompiledColumn, value: string): string {
  const bytea = column.inputTypes[0] === 'bytea';
  // bytes as text are two digits each; a server reckons with four bytes for one that it converts
  const each = bytea ? (copyFormat === 'text' ? 2 : 1) : encoding === 'UTF8' || encoding === 'SQL_ASCII' ? 1 : 4;
  return `coalesce(octet_length(${value}), 0)::bigint * ${each}`;
}

export function isTooLarge(sizes: readonly string[]): string {
  return `(${sizes.join(' + ')} > ${largestRow})`;
}
