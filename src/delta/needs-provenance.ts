import type { CompiledColumn, CompiledMapping } from '../contract/compiled';

/** Casts whose canonical text only the server can spell, so that a key cannot be recomputed here. */
const formattedByServer = new Set(['jsonb', 'other']);

/**
 * True when the target key of a source row cannot be told from its source key: a key column that reads something else, own SQL, a
 * text only the server can spell, or two source keys that may share a target key. Then rowproof.provenance says it.
 */
export function needsProvenance(
  mapping: Pick<CompiledMapping, 'key' | 'targetKey' | 'targetKeyInjective' | 'columns'>,
): boolean {
  if (!mapping.targetKeyInjective) return true;
  const known = new Set(mapping.key.map((column) => column.name));
  return mapping.targetKey.some(({ name }) => {
    const column = mapping.columns.find((one) => one.target === name);
    if (column === undefined || column.sql !== undefined) return true;
    return !column.from.every((input) => known.has(input)) || serverFormats(column);
  });
}

/** True when a part of the target key has a type whose canonical text only the server knows. */
export function keyFormattedByServer(mapping: Pick<CompiledMapping, 'targetKey' | 'columns'>): boolean {
  return mapping.targetKey.some(({ name }) => {
    const column = mapping.columns.find((one) => one.target === name);
    return column !== undefined && serverFormats(column);
  });
}

function serverFormats(column: CompiledColumn): boolean {
  return (
    formattedByServer.has(column.cast.kind) || (column.keyCasts ?? []).some(({ kind }) => formattedByServer.has(kind))
  );
}
