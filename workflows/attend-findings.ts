import { isCancellation, proxyActivities } from '@temporalio/workflow';
import type { Activities, OpenedRun } from '../src/contract/activity-types';
import { withUndecided } from '../src/progress/run-view';
import * as options from './activity-options';
import type { ControlDesk } from './control-desk';
import { tell } from './tell';

const control = proxyActivities<Activities>(options.quick);

/** Shows findings that come up while following, such as a new column: rounds go on, the cutover waits for the decision. */
export async function attendFindings(run: OpenedRun, desk: ControlDesk): Promise<never> {
  for (;;) {
    await desk.newFindings();
    try {
      const undecided = await control.undecidedFindings(run.ref);
      if (undecided.length === 0) continue;
      desk.change((view) => withUndecided(view, undecided));
      await tell(run, 'gate', `${run.ref.run} goes on and needs ${undecided.length} decision(s) before the cutover.`);
    } catch (error) {
      if (isCancellation(error)) throw error;
    }
  }
}
