import { proxyActivities } from '@temporalio/workflow';
import type { Activities, OpenedRun, Verdict } from '../../src/contract/activity-types';
import type { FindingSummary } from '../../src/contract/run';
import { withReconciliation } from '../../src/progress/run-view';
import * as options from '../runtime/activity-options';
import { runValidation } from './children';
import type { OperatorControl } from '../operator/control';
import { decideAll } from '../operator/decide-all';

const control = proxyActivities<Activities>(options.quick);
const long = proxyActivities<Activities>(options.longRunning);

/**
 * Proof of every row, then the questions that it raises: what a decision takes away is asked, and the checks are made and the books closed
 * again with it. Red where something is left that nobody may accept.
 */
export async function proveAndAsk(run: OpenedRun, operator: OperatorControl): Promise<Verdict> {
  let verdict = await runValidation(run, operator);
  while (!verdict.green && verdict.decidable === true) {
    if ((await undecided(run)).length === 0) return verdict;
    await decideAll(run, operator, () => undecided(run));
    await long.proveReferences(run.ref);
    await long.checkRules(run.ref);
    verdict = await long.reconcile(run.ref);
    const { reconciliation } = verdict;
    operator.change((view) => withReconciliation(view, reconciliation));
  }
  return verdict;
}

/** Findings and kinds of quarantined rows without a decision, each once. */
export async function undecided(run: OpenedRun): Promise<FindingSummary[]> {
  const all = [...(await control.undecidedFindings(run.ref)), ...(await control.undecidedQuarantine(run.ref))];
  return all.filter((finding, at) => all.findIndex(({ id }) => id === finding.id) === at);
}
