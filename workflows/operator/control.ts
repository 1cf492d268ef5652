import { CancellationScope, condition } from '@temporalio/workflow';
import type { OpenedRun } from '../../src/contract/activity-types';
import type { DrillMessage } from '../../src/contract/delta';
import type { AbortMessage, ApproveMessage } from '../../src/contract/run';
import type { RunView } from '../../src/progress/run-view';
import { DeskState } from './state';
import { plainFailure } from '../runtime/input';
import { installSignals } from './signals';
import { installUpdates } from './updates';
import { openCommandRecords } from './command-records';
import { drillAnswered, gateClosed, gateOpened, holds } from '../../src/orchestration/operator-control';

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
  /** How many `decide` commands were carried out so far. */
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
  newFindings(): Promise<'findings' | 'all'>;
  /** From here on nothing can be undone: `abort` is refused. */
  onlyForward(): void;
  /** Resolves once an abort waits for the ledger. */
  abortWaits(): Promise<void>;
  /** Resolves once no abort waits for the ledger any more. */
  abortWritten(): Promise<void>;
  /** Resolves once every command that came in was carried out or refused; what the ledger lacks of them is waited for a moment. */
  finished(): Promise<void>;
  /** Adds a child that gets pause, resume and resolve. */
  listen(child: string): void;
  /** No child listens any more. */
  quiet(): void;
}

/** Opens the desk; its handlers stand before anything is awaited, so that no message finds nobody. */
export function openControlDesk(plan: string): ControlDesk {
  const desk = new DeskState(plan);
  const records = openCommandRecords(desk);
  installUpdates(desk, records);
  installSignals(desk, records);
  const answerDrill = (sentence: string): void => {
    desk.operators = drillAnswered(desk.operators, sentence);
  };
  return {
    view: () => desk.view,
    change: (next) => desk.show(next(desk.view)),
    opened: (run) => {
      desk.run = run;
    },
    whenRunning: () => condition(() => !holds(desk.operators)),
    gate: (gates, question, sentence) => waitAtGate(desk, gates, question, sentence),
    paused: () => holds(desk.operators),
    decisions: () => desk.operators.decisions,
    decidedSince: (seen) => condition(() => desk.operators.decisions > seen),
    abortable: (work) => abortable(desk, work),
    aborted: () => desk.operators.abort,
    abortWaits: () => condition(() => desk.operators.abortWaits !== null),
    abortWritten: () => condition(() => desk.operators.abortWaits === null),
    settleAbort: () => {
      desk.operators = { ...desk.operators, abort: null };
    },
    followReports: () => desk.followReports,
    nextDrill: async () => {
      desk.operators = { ...desk.operators, drillsOpen: true };
      await condition(() => desk.operators.drill !== null);
      return (desk.operators.drill as NonNullable<typeof desk.operators.drill>).message;
    },
    answerDrill,
    endDrills: () => {
      desk.operators = { ...desk.operators, drillsOpen: false };
      answerDrill('The drill did not begin; writers are free.');
    },
    newFindings: async () => {
      await condition(() => desk.newFindings !== null);
      const which = desk.newFindings as NonNullable<typeof desk.newFindings>;
      desk.newFindings = null;
      return which;
    },
    onlyForward: () => {
      desk.operators = { ...desk.operators, forward: true };
      desk.show({ ...desk.view, forward: true });
    },
    listen: (child) => {
      desk.listeners = [...desk.listeners, child];
    },
    quiet: () => {
      desk.listeners = [];
    },
    finished: () => CancellationScope.nonCancellable(() => records.finished()),
  };
}

async function abortable<T>(desk: DeskState, work: () => Promise<T>): Promise<T> {
  const scope = new CancellationScope();
  desk.scope = scope;
  desk.operators = { ...desk.operators, working: true };
  try {
    const result = await scope.run(work);
    await condition(() => desk.operators.abortWaits === null);
    // an abort that was accepted while the last step ended still counts
    if (desk.operators.abort !== null) throw plainFailure('Aborted', 'Aborted at the end of the last step.');
    return result;
  } finally {
    desk.scope = null;
    desk.operators = { ...desk.operators, working: false };
  }
}

async function waitAtGate(
  desk: DeskState,
  gates: readonly string[],
  question: string,
  sentence: string,
): Promise<ApproveMessage> {
  desk.operators = gateOpened(desk.operators, gates);
  desk.show({
    ...desk.view,
    gate: gates[0] ?? null,
    gates: [...gates],
    gateQuestion: question,
    state: 'waiting',
    sentence,
  });
  try {
    await condition(() => desk.operators.approval !== null);
  } finally {
    desk.operators = gateClosed(desk.operators);
    desk.show({ ...desk.view, gate: null, gates: [], gateQuestion: null, state: 'running', sentence: 'goes on' });
  }
  return desk.operators.approval as unknown as ApproveMessage;
}
