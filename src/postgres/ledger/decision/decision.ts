import type { DecideMessage } from '../../../contract/run';
import type { DecisionPlan } from '../../../contract/resolved-plan';
import type { KnownDecision } from '../../../profile/undecided';
import type { Session } from '../../session';
import { integer, integerOrNull } from '../../row';

/**
 * An operator's decision of these findings; deciding again replaces it, the event list keeps both. Of several findings each is expected
 * with the rows that are known of it: their sum was compared with what the message expects.
 */
export async function storeDecisions(
  session: Session,
  run: string,
  message: DecideMessage,
  findings: readonly string[],
): Promise<void> {
  await session.query(
    `insert into rowproof.decision (run, finding, action, expect_rows, tolerance, reason, decided_by, origin)
     select $1, given.finding, $3,
       case when $4::bigint is null or pg_catalog.cardinality($2::text[]) = 1 then $4::bigint
         else (select rows from rowproof.finding f where f.run = $1 and f.id = given.finding) end,
       $5::bigint, $6, $7, 'operator'
     from pg_catalog.unnest($2::text[]) as given (finding)
     on conflict (run, finding) do update set action = excluded.action, expect_rows = excluded.expect_rows,
       tolerance = excluded.tolerance, reason = excluded.reason, decided_by = excluded.decided_by,
       origin = excluded.origin, decided_at = pg_catalog.clock_timestamp()`,
    [
      run,
      findings,
      message.do,
      message.expect?.rows ?? null,
      message.expect?.tolerance ?? null,
      message.reason,
      message.by,
    ],
  );
}

/** Decisions of operators first, then the plan's: the first that matches a finding counts. */
export async function knownDecisions(
  session: Session,
  run: string,
  plan: readonly DecisionPlan[],
): Promise<KnownDecision[]> {
  const { rows } = await session.query<{
    finding: string;
    action: string;
    expect_rows: string | null;
    tolerance: string | null;
  }>(`select finding, action, expect_rows, tolerance from rowproof.decision where run = $1 order by finding`, [run]);
  return [
    ...rows.map((row): KnownDecision => ({
      finding: row.finding,
      action: row.action,
      expect:
        row.expect_rows === null
          ? null
          : { rows: integer(row, 'expect_rows'), tolerance: integerOrNull(row, 'tolerance') ?? 0 },
      origin: 'operator',
    })),
    ...plan.map((decision): KnownDecision => ({
      finding: decision.finding,
      action: decision.do,
      expect: decision.expect,
      origin: 'plan',
    })),
  ];
}
