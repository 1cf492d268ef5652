import type { CompiledColumn, CompiledMapping } from '../../contract/compiled';
import { isTimestampWithOffset } from '../../transform/iso-sql';
import { plain } from '../../transform/sql-text';
import { isDirect, sourceColumn } from './column-to-sql';
import { baseTypeName } from './type-facts';

/** Something that a type of the target leaves out of every value by what it is, and that makes no value another. */
export interface DroppedPart {
  readonly column: string;
  readonly kind: 'offset' | 'trailing_blanks' | 'xml_declaration';
  /** SQL over the source: a row whose value has such a part. */
  readonly condition: string;
}

const textual = new Set(['text', 'character varying']);

/** What types drop from values that columns take as they are. Repeated keys of jsonb are counted on the target. */
export function droppedParts(mapping: Pick<CompiledMapping, 'from' | 'columns'>): DroppedPart[] {
  return mapping.columns.flatMap((column) => droppedPart(column, mapping.from) ?? []);
}

function droppedPart(column: CompiledColumn, from: CompiledMapping['from']): DroppedPart | null {
  if (!isDirect(column)) return null;
  if (column.inputTypes[0] === 'xml[]') {
    // the elements of an array are printed by their output function, which leaves the declaration out; their text has it
    const elements = `pg_catalog.unnest(${sourceColumn(from, column.from[0] as string)}) AS "part"("x")`;
    const condition = `EXISTS (SELECT FROM ${elements} WHERE ("part"."x")::text <> pg_catalog.format('%s', "part"."x"))`;
    return { column: column.target, kind: 'xml_declaration', condition };
  }
  if (!textual.has(column.inputTypes[0] ?? '')) return null;
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
