import type { ValueTrial } from '../../../contract/compiled';
import { createEvaluateSql, evaluateCall, readRefusal, type Refusal } from '../../../transform/value-trial';
import type { Session } from '../../session';

/** Asks the target about one value of a column; null where it takes it as it is. Leaves a function of the session behind. */
export async function evaluateValue(
  session: Session,
  trial: ValueTrial,
  value: string | null,
): Promise<Refusal | null> {
  const evaluate = 'pg_temp.rowproof_evaluate_value';
  for (const sql of createEvaluateSql(evaluate, [trial])) await session.query(sql);
  const { rows } = await session.query<{ refusal: string | null }>(
    `select ${evaluateCall(evaluate, ['$1'])} as refusal`,
    [value],
  );
  const refusal = rows[0]?.refusal ?? null;
  return refusal === null ? null : readRefusal(refusal);
}
