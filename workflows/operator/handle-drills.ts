import { isCancellation } from '@temporalio/workflow';
import type { OpenedRun } from '../../src/contract/activity-types';
import { factsOf } from '../../src/progress/cutover-attempt';
import { sentenceOf } from '../../src/progress/failure-sentence';
import { withChecklist, withFreeze } from '../../src/progress/follow-view';
import { workflowTime } from '../runtime/clock';
import type { OperatorControl } from './control';
import type { Follower } from '../phases/follow';
import { ordered, runCutover } from '../phases/run-cutover';

/** Does the drills that operators ask for, one after the other, until it is cancelled. */
export async function handleDrills(run: OpenedRun, operator: OperatorControl, follower: Follower): Promise<never> {
  for (;;) {
    const asked = await operator.nextDrill();
    const { by, reason } = asked;
    try {
      const order = { drill: true, by, reason, code: run.code, ...ordered(asked) };
      const { lines, result } = await follower.alone(() => runCutover(run, operator, order));
      const facts = factsOf(result, workflowTime(), by);
      operator.change((view) => withFreeze(withChecklist(view, lines), 'drill', facts));
      operator.answerDrill(result.sentence);
    } catch (error) {
      operator.answerDrill(isCancellation(error) ? 'The drill was interrupted; writers are free.' : sentenceOf(error));
      if (isCancellation(error)) throw error;
    }
  }
}
