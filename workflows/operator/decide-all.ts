import type { Activities, OpenedRun } from '../../src/contract/activity-types';
import { waitingForDecisions } from '../../src/progress/run-view';
import type { ControlDesk } from './control';
import { tell } from '../runtime/reporter';
import { counted } from '../../src/report/counted';

/** Waits until no finding is undecided; each `decide` looks again, because one decision may cover several. */
export async function decideAll(
  run: OpenedRun,
  desk: ControlDesk,
  look: () => ReturnType<Activities['undecidedFindings']>,
): Promise<void> {
  let seen = desk.decisions();
  let undecided = await look();
  if (undecided.length > 0)
    await tell(run, 'gate', `${run.ref.run} waits for ${counted(undecided.length, 'decision')}.`);
  while (undecided.length > 0) {
    const waiting = undecided;
    desk.change((view) => waitingForDecisions(view, waiting));
    await desk.decidedSince(seen);
    seen = desk.decisions();
    undecided = await look();
  }
  desk.change((view) => waitingForDecisions(view, []));
}
