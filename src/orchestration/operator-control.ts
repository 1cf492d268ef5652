import type { Resolution } from '../contract/batch-copy';
import type { Command, CommandRecord } from '../contract/command';
import type { DrillMessage } from '../contract/delta';
import type { AbortMessage, ApproveMessage, DecideMessage, FindingSummary } from '../contract/run';
import { givenOverrides, refuseOverrides } from '../cutover/overrides';
import { refuseApproval } from '../progress/approval';
import { isBadRowsBlock } from '../progress/blocked';
import { captureBlock } from '../progress/follow-view';
import {
  chosenBlocked,
  chosenFindings,
  refuseCutover,
  refuseDecision,
  refuseDrill,
  refuseDrillTerms,
  refuseResolution,
} from '../progress/refusals';
import type { RunView } from '../progress/run-view';
import { counted } from '../report/counted';

/** What operators said to a run so far, and what it waits for. Changed only by the functions below. */
export interface OperatorState {
  readonly paused: boolean;
  /** An abort that the ledger has, until it was acted on. */
  readonly abort: AbortMessage | null;
  /** An abort that the ledger could not take yet: nothing new begins, and nothing is undone. */
  readonly abortWaits: AbortMessage | null;
  readonly openGates: readonly string[];
  readonly approval: ApproveMessage | null;
  /** How many `decide` commands were carried out. */
  readonly decisions: number;
  /** Whether drills are taken, the one that is asked for or under way, and the last answer. */
  readonly drillsOpen: boolean;
  readonly drill: { readonly id: string; readonly message: DrillMessage } | null;
  readonly drillAnswer: { readonly id: string; readonly sentence: string } | null;
  /** The run is being opened, the first time or again: nothing runs yet that could be aborted, but will in a moment. */
  readonly opening: boolean;
  /** Something runs that `abort` cancels. */
  readonly working: boolean;
  /** The target is open or being opened: nothing can be undone any more. */
  readonly forward: boolean;
}

export const newOperatorState: OperatorState = {
  paused: false,
  abort: null,
  abortWaits: null,
  openGates: [],
  approval: null,
  decisions: 0,
  drillsOpen: false,
  drill: null,
  drillAnswer: null,
  opening: true,
  working: false,
  forward: false,
};

/** What a run has to do about a command. */
export type Effect =
  | { readonly do: 'hold'; readonly paused: boolean }
  | { readonly do: 'resolve'; readonly resolutions: readonly Resolution[] }
  | { readonly do: 'cancel' };

export interface Step {
  readonly state: OperatorState;
  readonly view: RunView;
  readonly effects: readonly Effect[];
  /** The answer to the operator; null while a drill is under way. */
  readonly answer: string | null;
}

/** Where a command meets a run. */
export interface Situation {
  readonly state: OperatorState;
  readonly view: RunView;
  /** Who may approve what; null while the run is being opened. */
  readonly approvers: Readonly<Record<string, readonly string[]>> | null;
}

/** Whether nothing new may begin: paused, or an abort waits for the ledger. */
export function holds({ paused, abortWaits }: OperatorState): boolean {
  return paused || abortWaits !== null;
}

/** Why a command is refused, as a sentence, or null. Asked before it is recorded, and again before it acts. */
export function refusalOf({ state, view, approvers }: Situation, command: Command): string | null {
  const { name, message } = command;
  if (name === 'pause') return state.paused ? 'The run is paused already.' : null;
  if (name === 'abort' && state.opening && state.abort === null && state.abortWaits === null) return null;
  if (approvers === null) return 'The run is still being opened; send the command again in a moment.';
  const bigBang = view.pattern === 'big_bang';
  switch (name) {
    case 'approve':
      // first what stands in the way: it may be why no gate waits
      return (
        (message.gate === 'cutover' ? refuseCutover(view, holds(state)) : null) ??
        refuseOverrides(message, message.gate, bigBang) ??
        refuseApproval(message, state.openGates, state.approval?.gate ?? null, view.code, approvers)
      );
    case 'decide':
      return refuseDecision(message, view.undecided);
    case 'resolve':
      return refuseResolution(message, view.blocked);
    case 'drill':
      return (
        refuseOverrides(message, 'cutover', bigBang) ??
        refuseDrillTerms(message, approvers) ??
        refuseDrill(view, { open: state.drillsOpen, busy: state.drill !== null, paused: holds(state) })
      );
    case 'abort':
      if (state.forward) return 'The target is open: from here the run only goes forward.';
      if (state.abortWaits !== null) return `${waits(state.abortWaits)} Nothing more is needed.`;
      return state.working && state.abort === null ? null : 'Nothing is running that could be aborted now.';
    case 'resume':
      if (state.abortWaits !== null) return waits(state.abortWaits);
      return state.paused ? null : 'The run is not paused.';
  }
}

/** What the ledger keeps of a command. */
export function recordOf(command: Command, id: string, state: CommandRecord['state']): CommandRecord {
  return { id, name: command.name, kind: kinds[command.name], state, body: bodyOf(command) };
}

const kinds: Readonly<Record<Command['name'], string>> = {
  approve: 'approved',
  decide: 'decided',
  resolve: 'resolved',
  drill: 'drill asked for',
  abort: 'aborted',
  pause: 'paused',
  resume: 'resumed',
};

function bodyOf({ name, message }: Command): CommandRecord['body'] {
  const { by = 'someone', reason = '' } = message;
  switch (name) {
    case 'approve':
      return { gate: message.gate, by, reason, code: message.code, ...givenOverrides(message) };
    case 'decide':
      return { finding: message.finding, do: message.do, by, reason, expect: message.expect?.rows ?? null };
    case 'resolve':
      return { what: message.what, do: message.do, by, reason };
    case 'drill':
      return { by, reason, ...givenOverrides(message) };
    case 'abort':
      return { by, reason, then: message.then ?? null };
    case 'pause':
    case 'resume':
      return reason === '' ? { by } : { by, reason };
  }
}

/** A command that is recorded, carried out. `at`: ISO time, `id`: of the command. A decision is in the ledger already. */
export function carriedOut(
  { state, view }: Omit<Situation, 'approvers'>,
  command: Command,
  id: string,
  at: string,
): Step {
  const { name, message } = command;
  const { by = 'someone' } = message;
  const step = (next: Partial<OperatorState>, answer: string | null, what: string, ...effects: Effect[]): Step => ({
    state: { ...state, ...next },
    view: { ...view, lastCommand: `${what}, by ${by}, ${at.slice(11, 16)} UTC, accepted` },
    effects,
    answer,
  });
  switch (name) {
    case 'approve':
      return step({ approval: message }, `${message.gate} approved by ${by}.`, `approve ${message.gate}`);
    case 'decide':
      return decided({ state, view }, message, step);
    case 'resolve': {
      const chosen = chosenBlocked(message, view.blocked);
      const resolutions = chosen.map(({ what }) => ({ ...message, what }));
      const subject = message.what === captureBlock ? captureBlock : counted(chosen.length, 'blocked batch');
      const effect = { do: 'resolve', resolutions } as const;
      return step({}, `${subject}: ${message.do}.`, `resolve ${message.what} = ${message.do}`, effect);
    }
    case 'drill':
      return step({ drill: { id, message } }, null, 'drill');
    case 'abort':
      return step(
        { abort: message, abortWaits: null },
        'Aborting: work in flight is stopped, then the run asks or follows the plan.',
        'abort',
        { do: 'cancel' },
      );
    case 'pause':
    case 'resume': {
      const paused = name === 'pause';
      const answer = paused ? 'No further batch is started; batches in flight finish.' : 'The run goes on.';
      return step({ paused }, answer, name, { do: 'hold', paused: holds({ ...state, paused }) });
    }
  }
}

function decided(
  { state, view }: Omit<Situation, 'approvers'>,
  message: DecideMessage,
  step: (next: Partial<OperatorState>, answer: string, what: string, ...effects: Effect[]) => Step,
): Step {
  const findings = chosenFindings(message, view.undecided);
  const many = findings.length > 1 ? ` (${findings.length} findings)` : '';
  const answer = `${message.finding}${many}: ${message.do}, decided by ${message.by}.`;
  const effect = { do: 'resolve', resolutions: lookAgain(view, message, findings) } as const;
  const came = step({ decisions: state.decisions + 1 }, answer, `decide ${message.finding} = ${message.do}`, effect);
  const undecided = came.view.undecided.filter(({ id }) => !findings.some((finding) => finding.id === id));
  return { ...came, view: { ...came.view, undecided } };
}

/** Tables that wait for decisions about their bad rows look whether they were these. */
function lookAgain(view: RunView, { by, reason }: DecideMessage, decided: readonly FindingSummary[]): Resolution[] {
  return view.blocked
    .filter(({ what, mapping }) => isBadRowsBlock(what) && decided.some((finding) => finding.mapping === mapping))
    .map(({ what }) => ({ what, do: 'retry', by, reason }));
}

/** An abort while the ledger is away: the run stops feeding at once; undoing needs the ledger, and waits for it. */
export function abortUnwritten({ state, view }: Omit<Situation, 'approvers'>, message: AbortMessage, at: string): Step {
  const sentence = waits(message);
  return {
    state: { ...state, abortWaits: message },
    view: { ...view, sentence, lastCommand: `abort, by ${message.by}, ${at.slice(11, 16)} UTC, waits for the ledger` },
    effects: [{ do: 'hold', paused: true }],
    answer: sentence,
  };
}

function waits({ by }: AbortMessage): string {
  return `The abort by ${by} waits for the ledger, which cannot be written now: no further batch is started, and undoing begins once it can.`;
}

/** The ledger has the abort that waited. Where the target was opened meanwhile it comes too late; where nothing runs, whatever ends next sees it. */
export function abortWritten({ state, view }: Omit<Situation, 'approvers'>, at: string): Step {
  const message = state.abortWaits;
  if (message === null) return { state, view, effects: [], answer: null };
  if (!state.forward) return carriedOut({ state, view }, { name: 'abort', message }, '', at);
  const sentence = 'The target was open before the abort; the run goes on.';
  const next = { ...state, abortWaits: null };
  return { state: next, view: { ...view, sentence }, effects: [{ do: 'hold', paused: holds(next) }], answer: sentence };
}

/** A gate that a run waits at. */
export function gateOpened(state: OperatorState, gates: readonly string[]): OperatorState {
  return { ...state, approval: null, openGates: gates };
}

export function gateClosed(state: OperatorState): OperatorState {
  return { ...state, openGates: [] };
}

/** Answers the drill that is asked for or under way; nothing where there is none. */
export function drillAnswered(state: OperatorState, sentence: string): OperatorState {
  return state.drill === null ? state : { ...state, drill: null, drillAnswer: { id: state.drill.id, sentence } };
}
