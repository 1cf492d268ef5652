import { CancellationScope, proxyActivities } from '@temporalio/workflow';
import type { Activities, OpenedRun, Verdict } from '../../src/contract/activity-types';
import { afterAttempt } from '../../src/orchestration/cutover-states';
import { factsOf } from '../../src/progress/cutover-attempt';
import { existing, expectedFreeze } from '../../src/progress/follow-lines';
import { withChecklist, withFreeze, withProof } from '../../src/progress/follow-view';
import { inPhase } from '../../src/progress/run-view';
import * as options from '../runtime/activity-options';
import { handleDrills } from '../operator/handle-drills';
import { handleFindings } from '../operator/handle-findings';
import { runValidation } from './children';
import { workflowTime } from '../runtime/clock';
import type { OperatorControl } from '../operator/control';
import type { PhaseContext } from './phase-context';
import { decideAll } from '../operator/decide-all';
import { whileFollowing, type Follower } from './follow';
import { plainFailure } from '../runtime/input';
import { undecided } from './prove';
import { notify } from '../runtime/reporter';
import { ordered, runCutover } from './run-cutover';

const control = proxyActivities<Activities>(options.quick);

/** Follows, proves, waits at the gate and cuts over: as often as it takes until the sources are frozen. */
export async function followToFreeze({ run, operator }: PhaseContext): Promise<Verdict> {
  return whileFollowing(run, operator, async (follower) => {
    const attendants = new CancellationScope();
    try {
      operator.change((view) => inPhase(view, 'delta', 'catching up with what changed meanwhile'));
      await follower.caughtUp();
      attendants
        .run(() => Promise.all([handleDrills(run, operator, follower), handleFindings(run, operator)]))
        .catch(() => undefined);
      return await untilFrozen(run, operator, follower);
    } finally {
      attendants.cancel();
      operator.endDrills();
    }
  });
}

async function untilFrozen(run: OpenedRun, operator: OperatorControl, follower: Follower): Promise<Verdict> {
  let verdict: Verdict | null = null;
  let again: string | null = null;
  for (;;) {
    await operator.whenRunning();
    await decideAll(run, operator, () => undecided(run));
    verdict ??= await prove(run, operator);
    if (verdict === null) continue;
    const approval = await atTheGate(run, operator, again);
    const { by, reason, code } = approval;
    // one proof made again an approval: whoever approved hears when that was not enough
    for (let renewed = false; ; renewed = true) {
      operator.change((view) => inPhase(view, 'cutover', 'cutting over'));
      const order = { drill: false, by, reason, code, ...ordered(approval) };
      const { lines, result } = await follower.alone(
        () => runCutover(run, operator, order),
        (attempt) => attempt.result.outcome === 'frozen',
      );
      const facts = factsOf(result, workflowTime(), by);
      operator.change((view) => withFreeze(withChecklist(view, lines), 'freeze', facts));
      const after = afterAttempt({ lines, result }, renewed);
      if (after.next === 'open the target') return verdict;
      again = after.again;
      if (after.next === 'ask') break;
      verdict = await prove(run, operator);
      if (verdict === null) break;
    }
  }
}

/** Null when rows came in meanwhile that nobody has decided about: that is asked first, and proved again. */
async function prove(run: OpenedRun, operator: OperatorControl): Promise<Verdict | null> {
  operator.change((view) => inPhase(view, 'proof', 'comparing every row and field while the sources are written to'));
  await control.startPhase({ ref: run.ref, phase: 'proof' });
  const verdict = await runValidation(run, operator, true);
  if (!verdict.green) {
    if ((await undecided(run)).length > 0) return null;
    throw plainFailure('NotProved', verdict.sentence);
  }
  await control.finishPhase({ ref: run.ref, phase: 'proof' });
  const quarantined = verdict.reconciliation.reduce((sum, table) => sum + table.quarantined, 0);
  operator.change((view) => withProof(view, workflowTime(), quarantined));
  return verdict;
}

async function atTheGate(
  run: OpenedRun,
  operator: OperatorControl,
  again: string | null,
): ReturnType<OperatorControl['gate']> {
  await control.startPhase({ ref: run.ref, phase: 'cutover' });
  operator.change((view) => inPhase(view, 'cutover', 'following'));
  const { follow } = operator.view();
  const expected = follow === undefined ? '' : expectedFreeze(follow);
  await notify(
    run,
    'gate',
    [`CUT OVER ${run.plan}?`, `${existing(operator.view())}.`, expected, again ?? ''].join(' ').trim(),
  );
  const sentence = again === null ? 'waits for approval of the cutover' : `waits for approval of the cutover. ${again}`;
  return operator.gate(['cutover'], again ?? '', sentence);
}
