import type { ColumnType } from '../contract/catalog';

/** `timestamp(3) with time zone`: the modifier stands before the zone. */
function withFraction(name: string, fraction: number): string {
  const [head = name, ...tail] = name.split(' ');
  return [`${head}(${fraction})`, ...tail].join(' ');
}

function withModifier(name: string, type: ColumnType): string {
  if (type.precision !== null) return `${name}(${type.precision},${type.scale ?? 0})`;
  if (type.length !== null) return `${name}(${type.length})`;
  if (type.fraction !== null) return withFraction(name, type.fraction);
  // a bare `character` means character(1) in a cast and would cut the value
  return name === 'character' ? 'bpchar' : name;
}

/** SQL of a type with its modifier, as one would declare the column: `numeric(10,2)`, `character varying(80)[]`. */
export function declaredType(type: ColumnType): string {
  if (type.kind === 'domain') return type.name;
  if (type.element !== null && type.name.endsWith('[]')) return `${withModifier(type.name.slice(0, -2), type)}[]`;
  return withModifier(type.name, type);
}
