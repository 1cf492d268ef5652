import type { CompiledColumn } from '../../../contract/compiled';
import { castSql } from '../../../delta/apply-sql';
import type { ApplyTable } from '../../../delta/apply-table';
import { identifier } from '../../../sql/quote';
import { createEvaluateSql, evaluateCall, readRefusal, type Refusal } from '../../../transform/value-trial';
import type { Session } from '../../session';
import { inSavepoint } from '../copy/savepoint';
import { isRefusedValue } from '../../sqlstate';

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
  if (!isRefusedValue(sqlstate)) return null;
  for (const [index, name] of table.loaded.entries()) {
    const tried = await inSavepoint(session, () =>
      session.query(`select ${castSql(table, index)} from ${table.scratch.raw} where rowproof_n = $1`, [position]),
    );
    if ('failed' in tried && tried.failed.sqlstate === sqlstate) return name;
  }
  return null;
}

/** Rows at positions [from, to) with a value that the target does not take as it is, and why. */
export async function evaluateStaged(
  session: Session,
  table: ApplyTable,
  columns: readonly CompiledColumn[],
  span: { readonly from: number; readonly to: number },
): Promise<{ position: number; column: string; refusal: Refusal }[]> {
  const evaluated = columns.flatMap(({ target, trial }) => (trial === undefined ? [] : [{ target, trial }]));
  if (evaluated.length === 0) return [];
  const temporary = table.scratch.raw.startsWith('pg_temp.');
  const evaluate = temporary ? 'pg_temp.rowproof_evaluate' : `rowproof.${identifier(`evaluate_${session.pid}`)}`;
  const trials = evaluated.map(({ trial }) => trial);
  for (const sql of createEvaluateSql(evaluate, trials)) await session.query(sql);
  const call = evaluateCall(
    evaluate,
    evaluated.map(({ target }) => `c${table.loaded.indexOf(target)}`),
  );
  const { rows } = await session.query<{ position: string; refusal: string }>(
    `select * from (select rowproof_n::text as position, ${call} as refusal from ${table.scratch.raw}
       where rowproof_n >= $1 and rowproof_n < $2 offset 0) j where refusal is not null order by position::bigint`,
    [span.from, span.to],
  );
  if (!temporary) await session.query(`drop function ${evaluate}`);
  return rows.map(({ position, refusal }) => {
    const read = readRefusal(refusal);
    const { target } = evaluated[read.field] as (typeof evaluated)[number];
    return { position: Number(position), column: target, refusal: read };
  });
}

/** Takes rows out of what arrived. */
export async function dropStaged(session: Session, table: ApplyTable, positions: readonly number[]): Promise<void> {
  await session.query(`delete from ${table.scratch.raw} where rowproof_n = any($1::bigint[])`, [positions]);
}
