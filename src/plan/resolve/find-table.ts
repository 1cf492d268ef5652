import type { PlanDocument } from '../../contract/plan-file';
import type { TableDocument } from '../../contract/plan-table';
import { matchPattern, parsePattern, parseQualifiedName, sameName } from './qualified-name';
import { isPattern } from './qualified-name';

/** An entry of `tables` that names one table. */
export interface TableEntry {
  /** The key as written. */
  readonly key: string;
  readonly table: TableDocument;
}

/** Entries that name one table, in file order. */
export function plainEntries(document: PlanDocument): TableEntry[] {
  return Object.entries(document.tables)
    .filter(([key]) => !isPattern(key))
    .map(([key, table]) => ({ key, table }));
}

/** Entries with `*` in their name, in file order. */
export function patternEntries(document: PlanDocument): TableEntry[] {
  return Object.entries(document.tables)
    .filter(([key]) => isPattern(key))
    .map(([key, table]) => ({ key, table }));
}

/** The entry that `name` (schema.table, or the table name where it is the only one) means, among keys as written. */
export function findTable(name: string, keys: readonly string[]): string | null {
  const full = parseQualifiedName(name);
  if (full !== null) {
    const exact = keys.find((key) => {
      const other = parseQualifiedName(key);
      return other !== null && sameName(full, other);
    });
    if (exact !== undefined) return exact;
  }
  const short = keys.filter((key) => {
    const other = parseQualifiedName(key);
    return other !== null && (other.name === name || `${other.schema}_${other.name}` === name);
  });
  return short.length === 1 ? (short[0] as string) : null;
}

/** True when a pattern of the plan may bring a table of that name; a short name may always come from one. */
export function patternMayBring(name: string, keys: readonly string[]): boolean {
  const patterns = keys.filter(isPattern).map(parsePattern);
  const full = parseQualifiedName(name);
  return patterns.some((pattern) => pattern !== null && (full === null || matchPattern(pattern, full) !== null));
}
