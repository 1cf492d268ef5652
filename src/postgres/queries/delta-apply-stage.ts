import { castSql } from '../../delta/apply-sql';
import type { ApplyTable } from '../../delta/apply-table';
import type { Session } from '../session';
import { inSavepoint } from './copy-savepoint';

/** Source key and texts of a row that arrived, by position. */
export async function readStaged(
  session: Session,
  table: ApplyTable,
  position: number,
): Promise<{ key: string; values: (string | null)[] }> {
  const { rows } = await session.query<Record<string, string | null>>(
    `select * from ${table.scratch.raw} where rowproof_n = $1`,
    [position],
  );
  const row = rows[0] ?? {};
  return { key: row['rowproof_key'] ?? '', values: table.loaded.map((_, index) => row[`c${index}`] ?? null) };
}

/** The loaded column whose type refuses the value of that row with this SQLSTATE; null when none does alone. */
export async function columnThatFails(
  session: Session,
  table: ApplyTable,
  position: number,
  sqlstate: string | null,
): Promise<string | null> {
  if (sqlstate === null || !(sqlstate.startsWith('22') || sqlstate === '23514')) return null;
  for (const [index, name] of table.loaded.entries()) {
    const tried = await inSavepoint(session, () =>
      session.query(`select ${castSql(table, index)} from ${table.scratch.raw} where rowproof_n = $1`, [position]),
    );
    if ('failed' in tried && tried.failed.sqlstate === sqlstate) return name;
  }
  return null;
}
