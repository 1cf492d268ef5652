import type { ColumnType } from '../../contract/catalog';

/** Types that the same casts serve. `other` travels as text and is spelled by the target alone. */
export type Family =
  | 'text'
  | 'boolean'
  | 'integer'
  | 'numeric'
  | 'float'
  | 'date'
  | 'timestamp'
  | 'timestamptz'
  | 'time'
  | 'uuid'
  | 'bytea'
  | 'json'
  | 'jsonb'
  | 'enum'
  | 'other';

const families: Readonly<Record<string, Family>> = {
  text: 'text',
  'character varying': 'text',
  character: 'text',
  bpchar: 'text',
  boolean: 'boolean',
  smallint: 'integer',
  integer: 'integer',
  bigint: 'integer',
  numeric: 'numeric',
  real: 'float',
  'double precision': 'float',
  date: 'date',
  'timestamp without time zone': 'timestamp',
  'timestamp with time zone': 'timestamptz',
  'time without time zone': 'time',
  uuid: 'uuid',
  bytea: 'bytea',
  json: 'json',
  jsonb: 'jsonb',
};

/** The built-in type under a domain, else the type itself. */
export function baseName(type: ColumnType): string {
  return type.base ?? type.name;
}

export function isBuiltIn(type: ColumnType): boolean {
  return type.base !== null || type.schema === 'pg_catalog';
}

export function familyOf(type: ColumnType): Family {
  if (type.labels !== null && type.element === null) return 'enum';
  if (/(^|\.)"?citext"?$/.test(type.name) && type.element === null) return 'text';
  return (isBuiltIn(type) ? families[baseName(type)] : undefined) ?? 'other';
}

/** `character` and `bit` alone mean a length of one, which would cut the value. */
export function castName(name: string): string {
  return name.replace(/^character(?=\[|$)/, 'pg_catalog.bpchar').replace(/^bit(?=\[|$)/, 'pg_catalog."bit"');
}

/** char(n), whose trailing blanks are no part of the value. */
export function isBlankPadded(type: ColumnType): boolean {
  return isBuiltIn(type) && (baseName(type) === 'character' || baseName(type) === 'bpchar');
}
