import { proxyActivities } from '@temporalio/workflow';
import type { Activities, OpenedRun } from '../../src/contract/activity-types';
import type { MigrationInput, Phase } from '../../src/contract/run';
import { inPhase, withReconciliation } from '../../src/progress/run-view';
import * as options from '../runtime/activity-options';
import { runDiscovery } from './children';
import type { OperatorControl } from '../operator/control';
import { decideAll } from '../operator/decide-all';
import { notify } from '../runtime/reporter';
import type { Monitor } from './monitor';

const control = proxyActivities<Activities>(options.quick);
const long = proxyActivities<Activities>(options.longRunning);

/** One way of a run through its phases. */
export interface PhaseContext {
  readonly input: MigrationInput;
  readonly run: OpenedRun;
  readonly operator: OperatorControl;
  readonly watch: Monitor;
  /** What later decides whether there is something to undo. */
  readonly changes: { begun: boolean };
  /** Does a phase unless the ledger says it is finished; waits first while the run is paused. */
  phase(name: Phase, sentence: string, work: () => Promise<void>): Promise<void>;
}

export function openPhaseContext(
  input: MigrationInput,
  run: OpenedRun,
  operator: OperatorControl,
  watch: Monitor,
  changes: { begun: boolean },
): PhaseContext {
  return {
    input,
    run,
    operator,
    watch,
    changes,
    phase: async (name, sentence, work) => {
      await operator.whenRunning();
      if (run.finished.includes(name)) return;
      operator.change((view) => inPhase(view, name, sentence));
      await control.startPhase({ ref: run.ref, phase: name });
      await work();
      await control.finishPhase({ ref: run.ref, phase: name });
    },
  };
}

/** Both databases read, and every finding decided unless this is only a check. */
export async function discover({ input, run, operator, phase }: PhaseContext): Promise<void> {
  await phase('discovery', 'reading and profiling both databases', async () => {
    await runDiscovery(run, operator);
    if (input.mode !== 'check') await decideAll(run, operator, () => control.undecidedFindings(run.ref));
  });
}

/** The gate before the first write, where the plan has it; answers who approved. */
export async function approveFirstWrite({ run, operator }: PhaseContext, question: string): Promise<string> {
  if (!run.gates.includes('copy') || run.begun) return 'plan';
  await notify(run, 'gate', question);
  return (await operator.gate(['copy'], question, 'waits for approval of the copy')).by;
}

export async function prepare({ run, phase }: PhaseContext): Promise<void> {
  await phase('prepare', 'setting aside indexes, foreign keys and triggers of the target', async () => {
    await long.prepareTarget(run.ref);
    if (run.pattern === 'hybrid' || run.pattern === 'big_bang') await long.guardTarget(run.ref);
  });
}

/** What settle put into quarantine, decided before anything is built on it. */
export async function settle({ run, operator, phase }: PhaseContext): Promise<void> {
  await phase('settle', 'settling unique keys and references', async () => {
    const { reconciliation = [] } = await long.settle(run.ref);
    operator.change((view) => withReconciliation(view, reconciliation));
    await decideAll(run, operator, () => control.undecidedQuarantine(run.ref));
  });
}

export async function finish({ run, phase }: PhaseContext): Promise<void> {
  await phase('finish', 'rebuilding indexes and foreign keys', async () => {
    await long.rebuildIndexes(run.ref);
    await long.rebuildForeignKeys(run.ref);
    await long.restoreTriggers(run.ref);
    await long.advanceSequences(run.ref);
    await long.analyzeAndRefresh({ ref: run.ref });
    await long.writeIdMap(run.ref);
  });
}
