import type { DeltaReport } from '../../contract/delta';
import { knownDecisions } from '../../postgres/ledger/decision/decision';
import { readFindings } from '../../postgres/ledger/decision/finding';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import { quarantineByFinding } from '../../postgres/queries/settle/quarantine';
import type { Session } from '../../postgres/session';
import { decisionFor } from '../../profile/decision-match';
import { coversRows, undecided } from '../../profile/undecided';
import { decisionsOf } from '../run/decisions';

/**
 * What waits for a decision, as the ledger says: a round that was cut short, or made by a drill or a proof, may have found it. Rows in
 * quarantine count with what they are quarantined for.
 */
export async function openQuestions(
  session: Session,
  run: LoadedRun,
): Promise<Pick<DeltaReport, 'newFindings' | 'quarantined'>> {
  const known = await knownDecisions(session, run.run, run.compiled.plan.decisions);
  const findings = undecided(await readFindings(session, run.run), known).map(({ id }) => id);
  const decisions = await decisionsOf(session, run);
  const groups = await quarantineByFinding(session, run.run);
  const rows = groups.filter((group) => !coversRows(decisionFor(decisions, group.finding)));
  return {
    newFindings: [...new Set([...findings, ...rows.map(({ finding }) => finding)])].sort(),
    quarantined: groups.reduce((sum, group) => sum + group.rows, 0),
  };
}
