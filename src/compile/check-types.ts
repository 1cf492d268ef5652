import type { ColumnType } from '../contract/catalog';
import { baseTypeName } from './statements/type-facts';

/** Types whose comparisons mean the same on every server, whatever its locale. */
export type CheckType =
  | 'boolean'
  | 'integer'
  | 'numeric'
  | 'float'
  | 'text'
  | 'bpchar'
  | 'date'
  | 'timestamp'
  | 'timestamptz'
  | 'uuid'
  | 'bytea';

const byName: Readonly<Record<string, CheckType>> = {
  boolean: 'boolean',
  smallint: 'integer',
  integer: 'integer',
  bigint: 'integer',
  numeric: 'numeric',
  'double precision': 'float',
  text: 'text',
  'character varying': 'text',
  character: 'bpchar',
  bpchar: 'bpchar',
  date: 'date',
  'timestamp without time zone': 'timestamp',
  'timestamp with time zone': 'timestamptz',
  uuid: 'uuid',
  bytea: 'bytea',
};

/** What PostgreSQL is told to read a value as. */
export const sqlNames: Readonly<Record<CheckType, string>> = {
  boolean: 'pg_catalog.bool',
  integer: 'pg_catalog.int8',
  numeric: 'pg_catalog.numeric',
  float: 'pg_catalog.float8',
  text: 'pg_catalog.text',
  bpchar: 'pg_catalog.bpchar',
  date: 'pg_catalog.date',
  timestamp: 'pg_catalog.timestamp',
  timestamptz: 'pg_catalog.timestamptz',
  uuid: 'pg_catalog.uuid',
  bytea: 'pg_catalog.bytea',
};

/** By the name that PostgreSQL prints, without a length. */
export function checkTypeNamed(name: string): CheckType | null {
  return byName[name] ?? null;
}

/** Of a target column; null where its comparisons may depend on the server. */
export function checkTypeOf(type: ColumnType): CheckType | null {
  if (type.element !== null || (type.kind !== 'base' && type.kind !== 'domain')) return null;
  if (type.kind === 'base' && type.schema !== 'pg_catalog') return null;
  return checkTypeNamed(baseTypeName(type));
}

/** Words of the types that PostgreSQL prints with several of them, longest first. */
export const typeWords: readonly (readonly string[])[] = Object.keys(byName)
  .map((name) => name.split(' '))
  .sort((a, b) => b.length - a.length);
