import type { Column } from '../../contract/catalog';
import type { CompiledColumn, UniqueSpec } from '../../contract/compiled';
import { identifier } from '../../sql/quote';
import { computesId, isDirect } from '../statements/column-to-sql';
import { baseTypeName } from '../statements/type-facts';

/**
 * Built-in types whose values are equal in the same way on every server, by the family within which a compiled cast keeps equal values
 * equal and different values different. Others are compared where they are stored.
 */
const families: Readonly<Record<string, string>> = {
  smallint: 'number',
  integer: 'number',
  bigint: 'number',
  numeric: 'number',
  text: 'text',
  'character varying': 'text',
  character: 'character',
  uuid: 'uuid',
  boolean: 'boolean',
  bytea: 'bytea',
  date: 'date',
  'time without time zone': 'time',
  'timestamp without time zone': 'timestamp',
  'timestamp with time zone': 'timestamptz',
};

/** Their text is injective: equal values have one spelling, and different values different ones. */
const spelledOnce = new Set(['smallint', 'integer', 'bigint', 'uuid', 'text', 'character varying']);

/** The family of a column's type; null where equality may depend on the server, or on a collation that takes texts for equal. */
export function familyOf(column: Column | undefined): string | null {
  if (column === undefined || column.nondeterministic) return null;
  return families[baseTypeName(column.type)] ?? null;
}

/** A type that holds every value of the family, and takes its text. */
export function typeOfFamily(family: string): string {
  const types: Readonly<Record<string, string>> = { number: 'numeric', character: 'bpchar' };
  return types[family] ?? family;
}

/** True when equal values of the loaded column come from equal values of what it reads, and the other way round. */
export function keepsEquality(column: CompiledColumn, from: readonly (Column | undefined)[], into: Column): boolean {
  const family = familyOf(into);
  if (family === null || column.trial !== undefined || from.length === 0) return false;
  if (isDirect(column)) return familyOf(from[0]) === family;
  if (computesId(column) === null || column.sql !== undefined || column.constant !== undefined) return false;
  if (column.steps.length > 0) return false;
  return from.every((part) => familyOf(part) !== null && spelledOnce.has(baseTypeName((part as Column).type)));
}

/** True where the key is columns as they are: an index may have a collation of its own, or expressions. */
export function isOverPlainColumns({ columns, expressions }: UniqueSpec): boolean {
  return expressions.length === columns.length && expressions.every((one, at) => one === identifier(columns[at] ?? ''));
}
