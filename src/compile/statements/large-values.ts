import type { CompiledColumn, CompiledMapping } from '../../contract/compiled';
import { isDirect } from './column-to-sql';
import { baseTypeName } from './type-facts';

/** Bytes from which on a proof compares a value by its digest instead of carrying it. */
export const largeBytes = 262_144;

type LargeKind = 'text' | 'bytea' | 'spelled';

const kinds: Readonly<Record<string, LargeKind>> = {
  text: 'text',
  'character varying': 'text',
  bytea: 'bytea',
  json: 'spelled',
  jsonb: 'spelled',
  xml: 'spelled',
};

/** How large values of a loaded column are told apart, where it takes the source's value as it is; null where it does not. */
export function largeKind(
  mapping: Pick<CompiledMapping, 'columns' | 'key' | 'targetKey'>,
  column: CompiledColumn,
): LargeKind | null {
  const [source] = column.from;
  const own = takenAsItIs(column);
  if (own === null || source === undefined) return null;
  if (mapping.key.some(({ name }) => name === source)) return null;
  if (mapping.targetKey.some(({ name }) => name === column.target)) return null;
  // a value that something else is computed from has to come whole
  const others = mapping.columns.filter((other) => other.from.includes(source));
  return others.every((other) => takenAsItIs(other) === own) ? own : null;
}

function takenAsItIs(column: CompiledColumn): LargeKind | null {
  const { type, cast, inputTypes } = column;
  // a digest is no value that the target could judge
  if (column.trial !== undefined) return null;
  if (!isDirect(column) || type.length !== null || type.element !== null) return null;
  const [from, to] = [kinds[inputTypes[0] ?? ''] ?? null, kinds[baseTypeName(type)] ?? null];
  if (from === null || from !== to) return null;
  return cast.kind === 'same' || (cast.kind === 'text' && from === 'text') ? from : null;
}

/** The kind for a source column that some loaded column takes as it is; null for all others. */
export function largeKindOfSource(
  mapping: Pick<CompiledMapping, 'columns' | 'key' | 'targetKey'>,
  source: string,
): LargeKind | null {
  const column = mapping.columns.find((one) => isDirect(one) && one.from[0] === source);
  return column === undefined ? null : largeKind(mapping, column);
}

/**
 * `text` of a value, or, where the statement is bound for a proof and the value is large, a text that only the same value has: its size
 * and SHA-256 behind {{large}}, which nobody who writes rows can know. Same on both sides; no large value leaves its server.
 */
export function textOrDigest(kind: LargeKind | null, value: string, text: string): string {
  if (kind === null) return text;
  const formatted = kind === 'spelled' ? `(${value})::text` : value;
  const bytes = kind === 'bytea' ? value : `convert_to(${formatted}, 'UTF8')`;
  // the size as stored costs nothing to ask for
  const large = `${kind === 'spelled' ? `pg_column_size(${value}) > 8192 AND ` : ''}octet_length(${formatted}) > ${largeBytes}`;
  const digest = `{{large}}::text || octet_length(${bytes})::text || ' ' || encode(sha256(${bytes}), 'hex')`;
  return `CASE WHEN {{large}}::text IS NOT NULL AND ${large} THEN ${digest} ELSE ${text} END`;
}
