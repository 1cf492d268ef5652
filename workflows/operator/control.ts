import { CancellationScope, condition } from '@temporalio/workflow';
import type { OpenedRun } from '../../src/contract/activity-types';
import type { DrillMessage } from '../../src/contract/delta';
import type { AbortMessage, ApproveMessage } from '../../src/contract/run';
import type { RunView } from '../../src/progress/run-view';
import { ControlState } from './state';
import { plainFailure } from '../runtime/input';
import { installSignals } from './signals';
import { installUpdates } from './updates';

/** The operator's side of one run: page, commands, gates. */
export interface OperatorControl {
  view(): RunView;
  change(next: (view: RunView) => RunView): void;
  /** Opens the run, or opens it again; an `abort` that comes meanwhile waits for `abortable`. */
  whileOpening(open: () => Promise<OpenedRun>): Promise<OpenedRun>;
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

/** Opens the operator control; its handlers stand before anything is awaited, so that no message finds nobody. */
export function openOperatorControl(plan: string): OperatorControl {
  const operator = new ControlState(plan);
  installUpdates(operator);
  installSignals(operator);
  return {
    view: () => operator.view,
    change: (next) => operator.show(next(operator.view)),
    whileOpening: async (open) => {
      operator.opening = true;
      try {
        operator.run = await open();
        return operator.run;
      } catch (error) {
        operator.opening = false;
        throw error;
      }
    },
    whenRunning: () => condition(() => !operator.paused),
    gate: (gates, question, sentence) => waitAtGate(operator, gates, question, sentence),
    paused: () => operator.paused,
    decisions: () => operator.decisions,
    decidedSince: (seen) => condition(() => operator.decisions > seen),
    abortable: async (work) => {
      const scope = new CancellationScope();
      operator.scope = scope;
      operator.opening = false;
      try {
        const result = await scope.run(work);
        // an abort that was accepted while the last step ended still counts
        if (operator.abort !== null) throw plainFailure('Aborted', 'Aborted at the end of the last step.');
        return result;
      } finally {
        operator.scope = null;
      }
    },
    aborted: () => operator.abort,
    settleAbort: () => {
      operator.abort = null;
    },
    followReports: () => operator.followReports,
    nextDrill: async () => {
      operator.drillsOpen = true;
      await condition(() => operator.drill !== null && operator.drill.answer === null);
      return (operator.drill as NonNullable<typeof operator.drill>).message;
    },
    answerDrill: (sentence) => answerDrill(operator, sentence),
    endDrills: () => {
      operator.drillsOpen = false;
      answerDrill(operator, 'The drill did not begin; writers are free.');
    },
    newFindings: async () => {
      await condition(() => operator.newFindings);
      operator.newFindings = false;
    },
    onlyForward: () => {
      operator.forward = true;
      operator.show({ ...operator.view, forward: true });
    },
    listen: (child) => {
      operator.listeners = [...operator.listeners, child];
    },
    quiet: () => {
      operator.listeners = [];
    },
  };
}

function answerDrill(operator: ControlState, sentence: string): void {
  if (operator.drill !== null) operator.drill.answer ??= sentence;
}

async function waitAtGate(
  operator: ControlState,
  gates: readonly string[],
  question: string,
  sentence: string,
): Promise<ApproveMessage> {
  operator.approval = null;
  operator.openGates = gates;
  operator.show({
    ...operator.view,
    gate: gates[0] ?? null,
    gates: [...gates],
    gateQuestion: question,
    state: 'waiting',
    sentence,
  });
  try {
    await condition(() => operator.approval !== null);
  } finally {
    operator.openGates = [];
    operator.show({
      ...operator.view,
      gate: null,
      gates: [],
      gateQuestion: null,
      state: 'running',
      sentence: 'goes on',
    });
  }
  return operator.approval as unknown as ApproveMessage;
}
