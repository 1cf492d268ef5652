import type { LegacyTable } from './legacy-schema';

export interface LegacyRow {
  readonly table: LegacyTable;
  readonly row: Readonly<Record<string, string | null>>;
}
