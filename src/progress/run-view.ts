import type { OpenedRun } from '../contract/activity-types';
import type { StallReport } from '../contract/batch-copy';
import type { BlockedBatch, FindingSummary, Phase, RunState, RunStatus, TableProgress } from '../contract/run';
import { counted } from '../report/counted';
import { isBadRowsBlock } from './blocked';

/** What the operator's page shows of a run. Changed only by the functions below; times and ids are handed in. */
export interface RunView extends RunStatus {
  /** Last operator command and what became of it. */
  readonly lastCommand: string | null;
  /** Names of the gates that wait, with what to know before approving. */
  readonly gateQuestion: string | null;
}

export function newView(startedAt: string, plan: string): RunView {
  return {
    run: '',
    plan,
    code: '',
    phase: 'open',
    state: 'running',
    sentence: 'opening the run',
    startedAt,
    asOf: startedAt,
    tables: [],
    undecided: [],
    blocked: [],
    gate: null,
    children: [],
    lastCommand: null,
    gateQuestion: null,
  };
}

export function opened(view: RunView, run: OpenedRun): RunView {
  return {
    ...view,
    run: run.ref.run,
    plan: run.plan,
    code: run.code,
    ...(run.pattern === undefined ? {} : { pattern: run.pattern }),
    tables: run.mappings.map((mapping) => ({
      mapping: mapping.name,
      estimatedRows: mapping.estimatedRows,
      batches: 0,
      batchesDone: 0,
      inFlight: 0,
      migrated: 0,
      quarantined: 0,
      outOfScope: 0,
      state: 'waiting',
    })),
  };
}

export function inPhase(view: RunView, phase: Phase, sentence: string): RunView {
  // what did not move belongs to the phase before
  return {
    ...view,
    stalled: phase === view.phase ? (view.stalled ?? []) : [],
    phase,
    sentence,
    state: view.state === 'paused' ? 'paused' : 'running',
  };
}

export function withTable(view: RunView, table: TableProgress): RunView {
  return {
    ...view,
    tables: view.tables.map((known) =>
      known.mapping === table.mapping ? { ...table, estimatedRows: known.estimatedRows } : known,
    ),
  };
}

const maxAlarms = 5;

/** A message that could not be read; each kind once, the last few. */
export function withAlarm(view: RunView, alarm: string): RunView {
  const others = (view.alarms ?? []).filter((known) => known !== alarm);
  return { ...view, alarms: [...others, alarm].slice(-maxAlarms) };
}

/** Work that does not move, or (sentence null) does again. */
export function withStalled(view: RunView, { what, sentence }: StallReport): RunView {
  const others = (view.stalled ?? []).filter((known) => known.what !== what);
  return { ...view, stalled: sentence === null ? others : [...others, { what, sentence }] };
}

/** `findings`: what is to be decided about it, in place of what was before. */
export function withBlocked(view: RunView, blocked: BlockedBatch, findings: readonly FindingSummary[] = []): RunView {
  const { undecided, blocked: others } = withoutBlocked(view, blocked.what);
  return { ...view, blocked: [...others, blocked], undecided: [...undecided, ...findings] };
}

export function withoutBlocked(view: RunView, what: string): RunView {
  const gone = view.blocked.find((known) => known.what === what && isBadRowsBlock(what));
  return {
    ...view,
    blocked: view.blocked.filter((known) => known.what !== what),
    undecided: gone === undefined ? view.undecided : view.undecided.filter(({ mapping }) => mapping !== gone.mapping),
  };
}

export function waitingForDecisions(view: RunView, undecided: readonly FindingSummary[]): RunView {
  const count = undecided.length;
  return {
    ...view,
    undecided: [...undecided],
    state: count === 0 ? 'running' : 'waiting',
    sentence: count === 0 ? view.sentence : `waits for ${counted(count, 'decision')}`,
  };
}

/** What the books say of the tables: receipts, what settling moved and what rounds changed. */
export function withReconciliation(
  view: RunView,
  reconciliation: readonly Pick<TableProgress, 'mapping' | 'migrated' | 'quarantined' | 'outOfScope'>[],
): RunView {
  const byMapping = new Map(reconciliation.map((table) => [table.mapping, table]));
  return {
    ...view,
    tables: view.tables.map((table) => {
      const known = byMapping.get(table.mapping);
      if (known === undefined) return table;
      const { migrated, quarantined, outOfScope } = known;
      return { ...table, migrated, quarantined, outOfScope };
    }),
  };
}

export function atGate(view: RunView, gate: string | null, question: string | null, sentence: string): RunView {
  return { ...view, gate, gateQuestion: question, state: gate === null ? 'running' : 'waiting', sentence };
}

/** The state an operator filters by: while it runs, paused wins over blocked. */
export function effectiveState(view: RunView, paused: boolean): RunState {
  if (view.state !== 'running') return view.state;
  if (paused) return 'paused';
  return view.blocked.length > 0 ? 'blocked' : 'running';
}
