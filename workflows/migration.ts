import { allHandlersFinished, condition, isCancellation, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities, OpenedRun, Verdict } from '../src/contract/activity-types';
import { migrationInput, type MigrationInput, type MigrationResult, type Phase } from '../src/contract/run';
import { atGate, inPhase, opened, waitingForDecisions } from '../src/progress/run-view';
import { sentenceOf } from '../src/progress/failure-sentence';
import * as options from './activity-options';
import { runCopy, runDiscovery, runRollback, runValidation } from './children';
import { openControlDesk, type ControlDesk } from './control-desk';
import { workflowTime } from './clock';
import { parseInput, plainFailure } from './input';
import { inOneSentence } from './one-sentence';

const control = proxyActivities<Activities>(options.quick);
const long = proxyActivities<Activities>(options.longRunning);

/**
 * One run of a plan, from discovery to verdict. Input {"plan":"crm"}; result begins with the verdict sentence.
 * Updates approve, decide, resolve, abort; signals pause, resume; query status. Never continues as new: children own
 * polling and batches, so that the operator's page stays one page.
 */
export async function migration(raw: unknown): Promise<MigrationResult> {
  const input = parseInput(migrationInput, raw, 'migration', { plan: 'crm' });
  const desk = openControlDesk(input.plan);
  try {
    return await inOneSentence(() => drive(input, desk));
  } finally {
    await condition(allHandlersFinished);
  }
}

async function drive(input: MigrationInput, desk: ControlDesk): Promise<MigrationResult> {
  const startedAt = workflowTime();
  const info = workflowInfo();
  const run = await control.openRun({ ...input, workflowId: info.workflowId, executionId: info.runId });
  desk.opened(run);
  desk.change((view) => opened(view, run));
  const changes = { begun: run.finished.includes('prepare') };
  for (;;) {
    try {
      const verdict = await desk.abortable(() => phases(input, run, desk, changes));
      const outcome = input.mode === 'check' ? 'checked' : 'complete';
      await control.closeRun(run.ref, outcome, verdict.sentence);
      await control.notify(run.ref, 'done', verdict.sentence);
      desk.change((view) => ({ ...inPhase(view, 'done', verdict.sentence), state: 'complete' }));
      return {
        verdict: verdict.sentence,
        run: run.ref.run,
        plan: run.plan,
        code: run.code,
        outcome,
        books: [...verdict.books],
        seconds: (Date.parse(workflowTime()) - Date.parse(startedAt)) / 1000,
      };
    } catch (error) {
      await afterFailure(error, run, desk, changes.begun);
    }
  }
}

async function phases(
  input: MigrationInput,
  run: OpenedRun,
  desk: ControlDesk,
  changes: { begun: boolean },
): Promise<Verdict> {
  const phase = async (name: Phase, sentence: string, work: () => Promise<void>): Promise<void> => {
    await desk.whenRunning();
    if (run.finished.includes(name)) return;
    desk.change((view) => inPhase(view, name, sentence));
    await control.startPhase(run.ref, name);
    await work();
    await control.finishPhase(run.ref, name);
  };

  await phase('discovery', 'reading and profiling both databases', async () => {
    await runDiscovery(run, desk);
    if (input.mode !== 'check') await decideAll(run, desk, () => control.undecidedFindings(run.ref));
  });
  if (input.mode === 'check') return checked(await control.undecidedFindings(run.ref));

  if (run.gates.includes('copy') && !run.finished.includes('prepare')) {
    const question = `Copy ${run.plan} now? Nothing has been written to the target yet.`;
    await control.notify(run.ref, 'gate', question);
    await desk.gate(['copy'], question, 'waits for approval of the copy');
  }
  changes.begun = true;
  await phase('prepare', 'setting aside indexes, foreign keys and triggers of the target', async () => {
    await long.prepareTarget(run.ref);
  });
  await phase('copy', 'copying', () => runCopy(run, desk));
  await phase('settle', 'settling unique keys and references', async () => {
    await long.settle(run.ref);
    await decideAll(run, desk, () => control.undecidedQuarantine(run.ref));
  });
  await phase('finish', 'rebuilding indexes and foreign keys', async () => {
    await long.rebuildIndexes(run.ref);
    await long.rebuildForeignKeys(run.ref);
    await long.restoreTriggers(run.ref);
    await long.advanceSequences(run.ref);
    await long.analyzeAndRefresh(run.ref);
    await long.writeIdMap(run.ref);
  });
  await desk.whenRunning();
  desk.change((view) => inPhase(view, 'proof', 'comparing every row and field'));
  await control.startPhase(run.ref, 'proof');
  const verdict = await runValidation(run, desk);
  await control.finishPhase(run.ref, 'proof');
  if (!verdict.green) throw plainFailure('NotProved', verdict.sentence);
  return verdict;
}

/** Waits until no finding is undecided; each `decide` looks again, because one decision may cover several. */
async function decideAll(
  run: OpenedRun,
  desk: ControlDesk,
  look: () => ReturnType<Activities['undecidedFindings']>,
): Promise<void> {
  let undecided = await look();
  if (undecided.length > 0) {
    await control.notify(run.ref, 'gate', `${run.ref.run} waits for ${undecided.length} decision(s).`);
  }
  while (undecided.length > 0) {
    const waiting = undecided;
    desk.change((view) => waitingForDecisions(view, waiting));
    await desk.nextDecision();
    undecided = await look();
  }
  desk.change((view) => waitingForDecisions(view, []));
}

function checked(undecided: readonly unknown[]): Verdict {
  const sentence =
    undecided.length === 0
      ? 'Checked: every finding has a decision; nothing was written.'
      : `Checked: ${undecided.length} finding(s) need a decision; nothing was written.`;
  return { green: true, sentence, books: [], problems: [] };
}

/** Cancel undoes nothing and ends here; an abort or a failure asks or follows the plan. Returns to try again, else throws. */
async function afterFailure(error: unknown, run: OpenedRun, desk: ControlDesk, begun: boolean): Promise<void> {
  const abort = desk.aborted();
  if (isCancellation(error) && abort === null) throw error;
  desk.quiet();
  const sentence = abort === null ? sentenceOf(error) : `Aborted by ${abort.by}: ${abort.reason}`;
  const kind = abort === null ? 'failed' : 'aborted';
  desk.change((view) => ({ ...view, sentence, blocked: [], state: kind }));
  desk.settleAbort();
  await control.notify(run.ref, 'failed', sentence);
  let then = abort?.then ?? run.onFailure;
  if (then === 'ask' && begun) {
    const question = `${sentence}\n\nApprove \`rollback\` to undo all of it, \`retry\` to go on from the ledger, or \`keep\` to stop here.`;
    const answer = await desk.gate(
      ['rollback', 'retry', 'keep'],
      question,
      `${sentence} Waits for rollback, retry or keep.`,
    );
    if (answer.gate === 'retry') return;
    then = answer.gate === 'rollback' ? 'rollback' : 'keep';
  }
  if (then === 'rollback' && begun) {
    desk.change((view) => atGate(inPhase(view, 'rollback', 'undoing every step'), null, null, 'undoing every step'));
    const result = await runRollback(
      run,
      abort?.by ?? 'plan',
      abort?.reason ?? 'the plan says so after a failure',
    ).catch((undoing: unknown) => {
      if (isCancellation(undoing)) throw undoing;
      throw plainFailure('RollbackFailed', `${sentence} The rollback did not get to its end: ${sentenceOf(undoing)}`);
    });
    await control.closeRun(run.ref, 'rolled_back', `${sentence} ${result.verdict}`);
    desk.change((view) => ({ ...view, state: 'rolled_back', sentence: result.verdict }));
    throw plainFailure('RolledBack', `${sentence} ${result.verdict}`);
  }
  await control.closeRun(run.ref, kind, sentence);
  throw plainFailure(abort === null ? 'Failed' : 'Aborted', sentence);
}
