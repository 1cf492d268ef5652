import { CancellationScope, condition } from '@temporalio/workflow';
import type { OpenedRun } from '../../src/contract/activity-types';
import type { DrillMessage } from '../../src/contract/delta';
import type { AbortMessage, ApproveMessage } from '../../src/contract/run';
import type { RunView } from '../../src/progress/run-view';
import { DeskState } from './state';
import { plainFailure } from '../runtime/input';
import { installSignals } from './signals';
import { installUpdates } from './updates';

/** The operator's side of one run: page, commands, gates. */
export interface ControlDesk {
  view(): RunView;
  change(next: (view: RunView) => RunView): void;
  opened(run: OpenedRun): void;
  /** Waits while the run is paused. */
  whenRunning(): Promise<void>;
  /** Parks at one of `gates`; resolves with the approval of one of them. */
  gate(gates: readonly string[], question: string, sentence: string): Promise<ApproveMessage>;
  paused(): boolean;
  /** How many `decide` commands were accepted so far. */
  decisions(): number;
  /** Resolves once more than `seen` were accepted: read the number before looking, so that none is missed. */
  decidedSince(seen: number): Promise<void>;
  /** Runs work that `abort` cancels. */
  abortable<T>(work: () => Promise<T>): Promise<T>;
  aborted(): AbortMessage | null;
  /** Forgets an abort once it was acted on. */
  settleAbort(): void;
  /** How many reports about the delta came in, over all children that follow. */
  followReports(): number;
  /** Resolves with the next drill that somebody asks for; from the first call on drills are accepted. */
  nextDrill(): Promise<DrillMessage>;
  answerDrill(sentence: string): void;
  /** No drill is accepted any more; one that waits is answered. */
  endDrills(): void;
  /** Resolves when something to decide came up while following: findings, or quarantined rows as well. */
  newFindings(): Promise<void>;
  /** From here on nothing can be undone: `abort` is refused. */
  onlyForward(): void;
  /** Adds a child that gets pause, resume and resolve. */
  listen(child: string): void;
  /** No child listens any more. */
  quiet(): void;
}

/** Opens the desk; its handlers stand before anything is awaited, so that no message finds nobody. */
export function openControlDesk(plan: string): ControlDesk {
  const desk = new DeskState(plan);
  installUpdates(desk);
  installSignals(desk);
  return {
    view: () => desk.view,
    change: (next) => desk.show(next(desk.view)),
    opened: (run) => {
      desk.run = run;
    },
    whenRunning: () => condition(() => !desk.paused),
    gate: (gates, question, sentence) => waitAtGate(desk, gates, question, sentence),
    paused: () => desk.paused,
    decisions: () => desk.decisions,
    decidedSince: (seen) => condition(() => desk.decisions > seen),
    abortable: async (work) => {
      const scope = new CancellationScope();
      desk.scope = scope;
      try {
        const result = await scope.run(work);
        // an abort that was accepted while the last step ended still counts
        if (desk.abort !== null) throw plainFailure('Aborted', 'Aborted at the end of the last step.');
        return result;
      } finally {
        desk.scope = null;
      }
    },
    aborted: () => desk.abort,
    settleAbort: () => {
      desk.abort = null;
    },
    followReports: () => desk.followReports,
    nextDrill: async () => {
      desk.drillsOpen = true;
      await condition(() => desk.drill !== null && desk.drill.answer === null);
      return (desk.drill as NonNullable<typeof desk.drill>).message;
    },
    answerDrill: (sentence) => answerDrill(desk, sentence),
    endDrills: () => {
      desk.drillsOpen = false;
      answerDrill(desk, 'The drill did not begin; writers are free.');
    },
    newFindings: async () => {
      await condition(() => desk.newFindings);
      desk.newFindings = false;
    },
    onlyForward: () => {
      desk.forward = true;
      desk.show({ ...desk.view, forward: true });
    },
    listen: (child) => {
      desk.listeners = [...desk.listeners, child];
    },
    quiet: () => {
      desk.listeners = [];
    },
  };
}

function answerDrill(desk: DeskState, sentence: string): void {
  if (desk.drill !== null) desk.drill.answer ??= sentence;
}

async function waitAtGate(
  desk: DeskState,
  gates: readonly string[],
  question: string,
  sentence: string,
): Promise<ApproveMessage> {
  desk.approval = null;
  desk.openGates = gates;
  desk.show({
    ...desk.view,
    gate: gates[0] ?? null,
    gates: [...gates],
    gateQuestion: question,
    state: 'waiting',
    sentence,
  });
  try {
    await condition(() => desk.approval !== null);
  } finally {
    desk.openGates = [];
    desk.show({ ...desk.view, gate: null, gates: [], gateQuestion: null, state: 'running', sentence: 'goes on' });
  }
  return desk.approval as unknown as ApproveMessage;
}
