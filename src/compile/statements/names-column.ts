import { identifier } from '../../sql/quote';

/** True when an SQL text may mention the column: quoted, or as a word of its own in any case. Rather too often than not. */
export function namesColumn(sql: string, column: string): boolean {
  if (sql.includes(identifier(column))) return true;
  const word = column.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\p{L}\\p{N}_$])${word}(?![\\p{L}\\p{N}_$])`, 'iu').test(sql);
}
