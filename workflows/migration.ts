import { proxyActivities, upsertMemo, workflowInfo } from '@temporalio/workflow';
import type { Activities, OpenedRun, Verdict } from '../src/contract/activity-types';
import { migrationInput, type FindingSummary, type MigrationInput, type MigrationResult } from '../src/contract/run';
import type { RunMemo } from '../src/contract/run-memo';
import { sentenceOf } from '../src/progress/failure-sentence';
import { freezeLine } from '../src/progress/follow-lines';
import { checkResult } from '../src/progress/check-result';
import { inPhase, opened } from '../src/progress/run-view';
import * as options from './runtime/activity-options';
import { afterFailure } from './phases/after-failure';
import { bigBang } from './phases/big-bang';
import { runCopy } from './phases/children';
import { openOperatorControl, type OperatorControl } from './operator/control';
import {
  approveFirstWrite,
  discover,
  finish,
  openPhaseContext,
  prepare,
  settle,
  type PhaseContext,
} from './phases/phase-context';
import { workflowTime } from './runtime/clock';
import { followsOn, completeCutover, openTheTarget } from './runtime/forward';
import { hybrid } from './phases/hybrid';
import { parseInput, plainFailure } from './runtime/input';
import { asUserFailure } from './runtime/user-failure';
import { proveAndAsk } from './phases/prove';
import { notify } from './runtime/reporter';
import { openMonitor } from './phases/monitor';
import { agreeing, counted } from '../src/report/counted';

const control = proxyActivities<Activities>(options.quick);
const recording = proxyActivities<Activities>(options.patient);

/**
 * One run of a plan, from discovery to verdict. Input {"plan":"crm"}; result begins with the verdict sentence.
 * Updates approve, decide, resolve, drill, abort, pause, resume; the last two also as signals; query status. Never continues as new: children own
 * polling and batches, so that the operator's page stays one page.
 */
export async function migration(raw: unknown): Promise<MigrationResult> {
  const input = parseInput(migrationInput, raw, 'migration', { plan: 'crm' });
  const operator = openOperatorControl(input.plan);
  try {
    return await asUserFailure(() => drive(input, operator));
  } finally {
    await operator.finished();
  }
}

async function drive(input: MigrationInput, operator: OperatorControl): Promise<MigrationResult> {
  const startedAt = workflowTime();
  const info = workflowInfo();
  const driver = { workflowId: info.workflowId, executionId: info.runId };
  let run = await operator.whileOpening(() => control.openRun({ ...input, ...driver }));
  const first = run;
  const watch = openMonitor(operator);
  rememberRun(run);
  operator.change((view) => opened(view, first));
  for (;;) {
    const changes = { begun: run.begun };
    try {
      const now = run;
      const outcome = input.mode === 'check' ? 'checked' : 'complete';
      const opens = outcome === 'complete' && (run.pattern === 'hybrid' || run.pattern === 'big_bang');
      let verdict = await operator.abortable(async () => {
        const proved = await phases(openPhaseContext(input, now, operator, watch, changes));
        // until it is open there is a way back, and `abort` is one
        if (opens) await openTheTarget(now, operator);
        return proved;
      });
      if (opens) verdict = await completeCutover(run, operator, watch, verdict);
      const freeze = operator.view().follow?.freeze ?? null;
      const sentence = freeze === null ? verdict.sentence : `${verdict.sentence}; ${freezeLine(freeze)}`;
      await recording.closeRun({ ref: run.ref, outcome, sentence });
      await notify(run, 'done', sentence);
      operator.change((view) => ({ ...inPhase(view, 'done', sentence), state: 'complete' }));
      return {
        verdict: sentence,
        run: run.ref.run,
        plan: run.plan,
        code: run.code,
        outcome,
        reconciliation: [...verdict.reconciliation],
        green: verdict.green,
        ...(outcome === 'checked' ? checkResult(operator.view()) : {}),
        ...(freeze === null ? {} : { freeze }),
        seconds: (Date.parse(workflowTime()) - Date.parse(startedAt)) / 1000,
      };
    } catch (error) {
      if (followsOn(run, error)) await sayRefused(run, operator, sentenceOf(error));
      else await afterFailure(error, run, operator, watch, changes.begun);
      // the ledger says which phases are finished by now
      const { ref } = run;
      run = await operator.whileOpening(() => control.openRun({ ...input, ...ref, ...driver }));
    }
  }
}

async function sayRefused(run: OpenedRun, operator: OperatorControl, why: string): Promise<void> {
  const sentence = `${why} The target was not opened; writers are free again, and the run goes on following.`;
  operator.change((view) => ({ ...view, sentence }));
  await notify(run, 'failed', sentence);
}

/** A run that was started in the UI has no memo by which commands find it. */
function rememberRun({ ref, plan, code, identity }: OpenedRun): void {
  if (workflowInfo().memo?.['run'] === ref.run) return;
  const memo: RunMemo = { identity, run: ref.run, plan, code, ledger: ref.ledger };
  upsertMemo(memo);
}

/** The order of a run by its pattern; a history recorded before there were patterns is a copy. */
async function phases(context: PhaseContext): Promise<Verdict> {
  const { input, run, changes, operator } = context;
  await discover(context);
  if (input.mode === 'check') return checked(context, await control.undecidedFindings(run.ref));
  const frozenFirst = run.pattern === 'big_bang' ? ' The sources are frozen before it.' : '';
  const question = `Copy ${run.plan} now? Nothing has been written to the target yet.${frozenFirst}`;
  const by = await approveFirstWrite(context, question);
  changes.begun = true;
  if (run.pattern === 'hybrid') return hybrid(context);
  if (run.pattern === 'big_bang') return bigBang(context, by);
  await prepare(context);
  await context.phase('copy', 'copying', () => runCopy(run, operator));
  await settle(context);
  await finish(context);
  await operator.whenRunning();
  operator.change((view) => inPhase(view, 'proof', 'comparing every row and field'));
  await control.startPhase({ ref: run.ref, phase: 'proof' });
  const verdict = await proveAndAsk(run, operator);
  await control.finishPhase({ ref: run.ref, phase: 'proof' });
  if (!verdict.green) throw plainFailure('NotProved', verdict.sentence);
  return verdict;
}

/** A check ends with its findings on the page: nothing waits any more that an update could decide. */
function checked({ operator }: PhaseContext, undecided: readonly FindingSummary[]): Verdict {
  operator.change((view) => ({ ...view, undecided: [...undecided] }));
  const few = `${counted(undecided.length, 'finding')} ${agreeing(undecided.length, 'needs', 'need')}`;
  const sentence =
    undecided.length === 0
      ? 'Checked: every finding has a decision; nothing was written.'
      : `Checked: ${few} a decision; nothing was written.`;
  return { green: undecided.length === 0, sentence, reconciliation: [], problems: [] };
}
