import type { CompiledColumn, CompiledMapping } from '../../contract/compiled';
import { isTimestampWithOffset } from '../../transform/iso-sql';
import { plain } from '../../transform/sql-text';
import { isDirect, sourceColumn } from './column-to-sql';
import { baseTypeName } from './type-facts';

/** Something that a type of the target leaves out of every value by what it is, and that makes no value another. */
export interface DroppedPart {
  readonly column: string;
  readonly kind: 'offset' | 'trailing_blanks';
  /** SQL over the source: a row whose value has such a part. */
  readonly condition: string;
}

const textual = new Set(['text', 'character varying']);

/** What the target's types drop from texts that columns take as they are. Repeated keys of jsonb are counted on the target. */
export function droppedParts(mapping: Pick<CompiledMapping, 'from' | 'columns'>): DroppedPart[] {
  return mapping.columns.flatMap((column) => droppedPart(column, mapping.from) ?? []);
}

function droppedPart(column: CompiledColumn, from: CompiledMapping['from']): DroppedPart | null {
  if (!isDirect(column) || !textual.has(column.inputTypes[0] ?? '')) return null;
  const text = `(${sourceColumn(from, column.from[0] as string)})::text`;
  const base = baseTypeName(column.type);
  if (base === 'timestamp with time zone') {
    const zero = `${plain(text)} ~ '(Z|[+-]00(:?00(:00)?)?)$'`;
    return { column: column.target, kind: 'offset', condition: `${isTimestampWithOffset(text)} AND NOT ${zero}` };
  }
  if (base === 'character')
    return { column: column.target, kind: 'trailing_blanks', condition: `${plain(text)} ~ ' $'` };
  return null;
}
