import type { Activities, OpenedRun } from '../../src/contract/activity-types';
import { waitingForDecisions } from '../../src/progress/run-view';
import type { OperatorControl } from './control';
import { notify } from '../runtime/reporter';
import { counted } from '../../src/report/counted';

/** Waits until no finding is undecided; each `decide` looks again, because one decision may cover several. */
export async function decideAll(
  run: OpenedRun,
  operator: OperatorControl,
  look: () => ReturnType<Activities['undecidedFindings']>,
): Promise<void> {
  let seen = operator.decisions();
  let undecided = await look();
  if (undecided.length > 0)
    await notify(run, 'gate', `${run.ref.run} waits for ${counted(undecided.length, 'decision')}.`);
  while (undecided.length > 0) {
    const waiting = undecided;
    operator.change((view) => waitingForDecisions(view, waiting));
    await operator.decidedSince(seen);
    seen = operator.decisions();
    undecided = await look();
  }
  operator.change((view) => waitingForDecisions(view, []));
}
