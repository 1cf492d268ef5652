import { proxyActivities } from '@temporalio/workflow';
import type { Activities, OpenedRun, Verdict } from '../../src/contract/activity-types';
import { factsOf, notReady, onlyProofMissing } from '../../src/progress/cutover-attempt';
import { beginFollowing, withChecklist, withFreeze } from '../../src/progress/follow-view';
import { releasedFirst } from '../../src/progress/stopped-writers';
import { inPhase } from '../../src/progress/run-view';
import * as options from '../runtime/activity-options';
import { runCopy } from './children';
import { workflowTime } from '../runtime/clock';
import { finish, prepare, settle, type PhaseContext } from './phase-context';
import { freezeReleased } from '../runtime/failure-kind';
import { plainFailure } from '../runtime/input';
import { proveAndAsk } from './prove';
import { notify } from '../runtime/reporter';

const control = proxyActivities<Activities>(options.quick);
const barrier = proxyActivities<Activities>(options.barrier);

/** Freeze first, then the copy of a source that stands still. Ends with the target proved and approved; opening it comes after. */
export async function bigBang(context: PhaseContext, by: string): Promise<Verdict> {
  const { run, operator, phase } = context;
  if (run.finished.includes('freeze')) await requireFrozen(run);
  await phase('freeze', 'freezing the sources', async () => {
    const result = await barrier.freezeSource({ ref: run.ref, by });
    if (result.outcome !== 'frozen') throw plainFailure('NotFrozen', result.sentence);
    const facts = { ...factsOf(result, workflowTime(), by), first: true as const };
    operator.change((view) => withFreeze(beginFollowing(view, run), 'freeze', facts));
  });
  await prepare(context);
  await phase('copy', 'copying', () => runCopy(run, operator));
  await settle(context);
  await finish(context);
  if (run.finished.includes('cutover') && run.verdict !== null) return run.verdict;
  for (;;) {
    await operator.whenRunning();
    operator.change((view) => inPhase(view, 'proof', 'comparing every row and field'));
    await control.startPhase({ ref: run.ref, phase: 'proof' });
    const verdict = await proveAndAsk(run, operator);
    await control.finishPhase({ ref: run.ref, phase: 'proof' });
    if (!verdict.green) throw plainFailure('NotProved', verdict.sentence);
    if (await approveCutover(context)) return verdict;
  }
}

/** A freeze that was lifted early cannot be made good by another: what was copied is of before. */
async function requireFrozen({ ref }: OpenedRun): Promise<void> {
  const { opened, whole } = await control.freezeState(ref);
  if (!opened && !whole) throw plainFailure(freezeReleased, releasedFirst(ref.run));
}

/** False where a side is not what was proved any more: then it is proved again, and asked again. */
async function approveCutover({ run, operator }: PhaseContext): Promise<boolean> {
  await control.startPhase({ ref: run.ref, phase: 'cutover' });
  for (let again = ''; ;) {
    operator.change((view) => inPhase(view, 'cutover', 'the sources are frozen'));
    const question = `CUT OVER ${run.plan}? The sources are frozen and every row is proved. ${again}`.trim();
    await notify(run, 'gate', question);
    const { by, reason, code } = await operator.gate(['cutover'], question, 'waits for approval of the cutover');
    const lines = await control.checkCutover({ ref: run.ref, approval: { by, reason, code } });
    operator.change((view) => withChecklist(view, lines));
    if (lines.every(({ ok }) => ok)) return true;
    // lifted by hand while the gate waited: no other approval makes it right
    if (lines.some(({ name, ok }) => name === 'freeze' && !ok))
      throw plainFailure(freezeReleased, releasedFirst(run.ref.run));
    if (onlyProofMissing(lines)) return false;
    again = notReady(lines).sentence;
  }
}
