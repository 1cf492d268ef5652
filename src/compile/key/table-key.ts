import type { QualifiedName } from '../../contract/catalog';

/** `schema.table` as messages and plan paths spell it; for SQL there is `qualified`. */
export function tableKey(name: QualifiedName): string {
  return `${name.schema}.${name.name}`;
}
