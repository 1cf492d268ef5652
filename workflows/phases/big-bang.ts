import { proxyActivities } from '@temporalio/workflow';
import type { Activities, OpenedRun, Verdict } from '../../src/contract/activity-types';
import { factsOf, notReady, onlyProofMissing } from '../../src/progress/cutover-attempt';
import { beginFollowing, withChecklist, withFreeze } from '../../src/progress/follow-view';
import { thawedFirst } from '../../src/progress/stopped-writers';
import { inPhase } from '../../src/progress/run-view';
import * as options from '../runtime/activity-options';
import { runCopy } from './children';
import { workflowTime } from '../runtime/clock';
import { finish, prepare, settle, type Course } from './phase-context';
import { freezeLifted } from '../runtime/failure-kind';
import { plainFailure } from '../runtime/input';
import { proveAndAsk } from './prove';
import { tell } from '../runtime/reporter';

const control = proxyActivities<Activities>(options.quick);
const barrier = proxyActivities<Activities>(options.barrier);

/** Freeze first, then the copy of a source that stands still. Ends with the target proved and approved; opening it comes after. */
export async function bigBang(course: Course, by: string): Promise<Verdict> {
  const { run, desk, phase } = course;
  if (run.finished.includes('freeze')) await requireFrozen(run);
  await phase('freeze', 'freezing the sources', async () => {
    const result = await barrier.freezeSource(run.ref, by);
    if (result.outcome !== 'frozen') throw plainFailure('NotFrozen', result.sentence);
    const facts = { ...factsOf(result, workflowTime(), by), first: true as const };
    desk.change((view) => withFreeze(beginFollowing(view, run), 'freeze', facts));
  });
  await prepare(course);
  await phase('copy', 'copying', () => runCopy(run, desk));
  await settle(course);
  await finish(course);
  if (run.finished.includes('cutover') && run.verdict !== null) return run.verdict;
  for (;;) {
    await desk.whenRunning();
    desk.change((view) => inPhase(view, 'proof', 'comparing every row and field'));
    await control.startPhase(run.ref, 'proof');
    const verdict = await proveAndAsk(run, desk);
    await control.finishPhase(run.ref, 'proof');
    if (!verdict.green) throw plainFailure('NotProved', verdict.sentence);
    if (await approveCutover(course)) return verdict;
  }
}

/** A freeze that was lifted early cannot be made good by another: what was copied is of before. */
async function requireFrozen({ ref }: OpenedRun): Promise<void> {
  const { opened, whole } = await control.freezeState(ref);
  if (!opened && !whole) throw plainFailure(freezeLifted, thawedFirst(ref.run));
}

/** False where a side is not what was proved any more: then it is proved again, and asked again. */
async function approveCutover({ run, desk }: Course): Promise<boolean> {
  await control.startPhase(run.ref, 'cutover');
  for (let again = ''; ;) {
    desk.change((view) => inPhase(view, 'cutover', 'the sources are frozen'));
    const question = `CUT OVER ${run.plan}? The sources are frozen and every row is proved. ${again}`.trim();
    await tell(run, 'gate', question);
    const { by, reason, code } = await desk.gate(['cutover'], question, 'waits for approval of the cutover');
    const lines = await control.checkCutover(run.ref, { by, reason, code });
    desk.change((view) => withChecklist(view, lines));
    if (lines.every(({ ok }) => ok)) return true;
    // lifted by hand while the gate waited: no other approval makes it right
    if (lines.some(({ name, ok }) => name === 'freeze' && !ok))
      throw plainFailure(freezeLifted, thawedFirst(run.ref.run));
    if (onlyProofMissing(lines)) return false;
    again = notReady(lines).sentence;
  }
}
