import { isCancellation, proxyActivities } from '@temporalio/workflow';
import type { Activities, OpenedRun } from '../../src/contract/activity-types';
import * as options from '../runtime/activity-options';
import type { OperatorControl } from './control';
import { notify } from '../runtime/reporter';
import { counted } from '../../src/report/counted';

const control = proxyActivities<Activities>(options.quick);

/**
 * Shows what comes up while following and needs a decision, such as a new column or a row of a new kind in quarantine: rounds go on, the
 * cutover waits for the decision.
 */
export async function handleFindings(run: OpenedRun, operator: OperatorControl): Promise<never> {
  for (;;) {
    await operator.newFindings();
    try {
      const findings = await control.undecidedFindings(run.ref);
      const rows = await control.undecidedQuarantine(run.ref);
      const undecided = [...findings, ...rows.filter(({ id }) => !findings.some((finding) => finding.id === id))];
      const shown = operator.view().undecided;
      operator.change((view) => ({ ...view, undecided }));
      if (undecided.every(({ id }) => shown.some((known) => known.id === id))) continue;
      await notify(
        run,
        'gate',
        `${run.ref.run} goes on and needs ${counted(undecided.length, 'decision')} before the cutover.`,
      );
    } catch (error) {
      if (isCancellation(error)) throw error;
    }
  }
}
