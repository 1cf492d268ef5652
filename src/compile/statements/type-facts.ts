import type { ColumnType } from '../../contract/catalog';

/** Facts about PostgreSQL types that compiled SQL depends on. */

/** Built-in types whose default ordering agrees with `<` of pg_catalog, so that ranges and ORDER BY see one order. */
const ordered = new Set([
  'boolean',
  '"char"',
  'smallint',
  'integer',
  'bigint',
  'oid',
  'numeric',
  'real',
  'double precision',
  'money',
  'text',
  'character varying',
  'character',
  'name',
  'bytea',
  'date',
  'time without time zone',
  'time with time zone',
  'timestamp without time zone',
  'timestamp with time zone',
  'interval',
  'uuid',
  'inet',
  'cidr',
  'macaddr',
  'macaddr8',
  'bit',
  'bit varying',
  'pg_lsn',
  'tid',
]);

/** Built-in types whose binary form is the same on every server and needs no object identifiers. */
const binaryStable = new Set([
  ...[...ordered].filter((name) => !['money', 'oid', 'tid'].includes(name)),
  'json',
  'jsonb',
  'xml',
  'point',
  'line',
  'lseg',
  'box',
  'path',
  'polygon',
  'circle',
  'tsvector',
  'tsquery',
]);

/** The built-in type a value of this type is stored as: the base of a domain, else the type itself. */
export function baseTypeName(type: ColumnType): string {
  return type.kind === 'domain' && type.base !== null ? type.base : type.name;
}

function isBuiltIn(type: ColumnType): boolean {
  return type.kind === 'domain' ? type.base !== null : type.schema === 'pg_catalog' && type.element === null;
}

export function isOrdered(type: ColumnType): boolean {
  return type.kind === 'enum' || (isBuiltIn(type) && ordered.has(baseTypeName(type)));
}

/** True when a value may cross by binary COPY. Enums travel as their label in both formats. */
export function isBinaryStable(type: ColumnType): boolean {
  return type.kind === 'enum' || (isBuiltIn(type) && binaryStable.has(baseTypeName(type)));
}

/** The name to cast to without a length: `character` and `bit` alone mean a length of one. */
export function castName(type: ColumnType): string {
  if (type.schema === 'pg_catalog' && type.name === 'character') return 'pg_catalog.bpchar';
  if (type.schema === 'pg_catalog' && type.name === 'bit') return 'pg_catalog."bit"';
  return type.name;
}

/** True when `::text` of the base type is only a relabelling, so that an expression may mention it often at no cost. */
export function isTextualName(base: string): boolean {
  return base === 'text' || base === 'character varying';
}
