import { classByDecisions, fromPlan, type CopyDecision } from '../../copy/decided-findings';
import type { ClassOf } from '../../copy/quarantined-row';
import { readDecisions } from '../../postgres/ledger/decision/copy-decision';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import type { Session } from '../../postgres/session';

/** Operators' decisions, then the plan's: of two that cover a finding equally closely the first counts. */
export async function decisionsOf(session: Session, run: LoadedRun): Promise<CopyDecision[]> {
  return [...(await readDecisions(session, run.run)), ...run.compiled.plan.decisions.map(fromPlan)];
}

/** What becomes of a row with a finding, by the decisions of the run. */
export async function classOfFindings(session: Session, run: LoadedRun): Promise<ClassOf> {
  return classByDecisions(await decisionsOf(session, run));
}
