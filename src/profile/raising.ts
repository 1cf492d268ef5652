import type { CompiledMapping } from '../contract/compiled';

/** Whether the source can raise while it computes the mapping: the plan's own SQL, or a cast that PostgreSQL cannot test. */
export function mayRaise(mapping: CompiledMapping): boolean {
  return mapping.where !== null || mapping.columns.some((column) => column.sql !== undefined || column.cast.raising);
}

/** Computes every column of a statement for all its rows, and sends none of them. */
export function computeAllSql(statement: string): string {
  return `select coalesce(sum(octet_length(computed::text)), 0) as bytes from (\n${statement}\n) as computed`;
}
