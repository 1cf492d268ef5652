import { allHandlersFinished, condition, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities, OpenedRun, Verdict } from '../src/contract/activity-types';
import { migrationInput, type MigrationInput, type MigrationResult, type Phase } from '../src/contract/run';
import { inPhase, opened } from '../src/progress/run-view';
import * as options from './activity-options';
import { afterFailure } from './after-failure';
import { runCopy, runDiscovery, runValidation } from './children';
import { openControlDesk, type ControlDesk } from './control-desk';
import { workflowTime } from './clock';
import { decideAll } from './decide-all';
import { parseInput, plainFailure } from './input';
import { inOneSentence } from './one-sentence';
import { tell } from './tell';

const control = proxyActivities<Activities>(options.quick);
const recording = proxyActivities<Activities>(options.patient);
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
  const driver = { workflowId: info.workflowId, executionId: info.runId };
  let run = await control.openRun({ ...input, ...driver });
  const first = run;
  desk.opened(run);
  desk.change((view) => opened(view, first));
  for (;;) {
    const changes = { begun: run.begun };
    try {
      const now = run;
      const verdict = await desk.abortable(() => phases(input, now, desk, changes));
      const outcome = input.mode === 'check' ? 'checked' : 'complete';
      await recording.closeRun(run.ref, outcome, verdict.sentence);
      await tell(run, 'done', verdict.sentence);
      desk.change((view) => ({ ...inPhase(view, 'done', verdict.sentence), state: 'complete' }));
      return {
        verdict: verdict.sentence,
        run: run.ref.run,
        plan: run.plan,
        code: run.code,
        outcome,
        books: [...verdict.books],
        green: verdict.green,
        seconds: (Date.parse(workflowTime()) - Date.parse(startedAt)) / 1000,
      };
    } catch (error) {
      await afterFailure(error, run, desk, changes.begun);
      // the ledger says which phases are finished by now
      run = await control.openRun({ ...input, ...run.ref, ...driver });
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
  if (input.mode === 'check') return checked((await control.undecidedFindings(run.ref)).length);

  if (run.gates.includes('copy') && !run.begun) {
    const question = `Copy ${run.plan} now? Nothing has been written to the target yet.`;
    await tell(run, 'gate', question);
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

function checked(undecided: number): Verdict {
  const sentence =
    undecided === 0
      ? 'Checked: every finding has a decision; nothing was written.'
      : `Checked: ${undecided} finding(s) need a decision; nothing was written.`;
  return { green: undecided === 0, sentence, books: [], problems: [] };
}
