import type { BatchCopyInput, Resolution } from '../contract/batch-copy';
import type { TableProgress } from '../contract/run';

/** A batch in hand: it waits for a slot, is copied, is being marked as blocked, or waits for an answer. */
export interface Batch {
  readonly what: string;
  readonly mapping: string;
  readonly ordinal: number;
  /** Batches of the mapping. */
  readonly of: number;
  state: 'waiting' | 'under way' | 'being blocked' | 'blocked';
  /** What an operator decided about it. */
  order: Resolution | null;
}

export interface MappingState {
  readonly name: string;
  planned: boolean;
  /** Own bad rows: within the limit, being compared with it, or over it and somebody was asked. */
  limit: 'within' | 'looked at' | 'asked';
  /** The root shows that somebody is asked. */
  shown: boolean;
  failuresInARow: number;
  blocked: number;
  readonly inHand: Set<string>;
  progress: TableProgress | undefined;
  reported: TableProgress | undefined;
}

/** Begins the batches of one mapping, page by page. One mapping at a time: the next once all batches of a page are under way or held back. */
export interface Turn {
  readonly mapping: MappingState;
  step: 'plan' | 'read' | 'begin' | 'look at limits';
  /** In hand before the page was read: what gets through meanwhile is no fresh batch. */
  known: ReadonlySet<string>;
  /** Of the page, those that have not begun. */
  readonly left: Set<string>;
  more: boolean;
}

/** What a child that copies knows. Changed in place, and only here, so that an event costs the same however many tables there are. */
export interface SchedulerState {
  readonly slots: number;
  readonly steps: number;
  readonly mappings: ReadonlyMap<string, MappingState>;
  readonly finished: Set<string>;
  /** Mappings that had no turn yet, or have more to begin. */
  readonly queue: string[];
  /** Mappings to be looked at again: nothing of them is in hand any more, or somebody decided. */
  readonly due: Set<string>;
  readonly inHand: Map<string, Batch>;
  /** Those of them that wait for a slot, in order. */
  readonly waiting: Set<Batch>;
  underWay: number;
  /** Blocks that are being recorded, and limits that are being looked at. */
  unclear: number;
  /** Blocked before a continue-as-new; their turn has not come yet. */
  readonly inherited: Set<string>;
  readonly answers: Map<string, Resolution>;
  turn: Turn | null;
  paused: boolean;
  historyIsLong: boolean;
  /** Ends of tables that the root has not heard of yet. */
  untold: TableProgress[];
}

export function newScheduler(input: BatchCopyInput): SchedulerState {
  const overLimit = new Set(input.overLimit);
  const mappings = input.mappings.map((name): [string, MappingState] => {
    const asked = overLimit.has(name);
    const limit = asked ? 'asked' : 'within';
    const counts = { planned: false, failuresInARow: 0, blocked: 0 };
    return [
      name,
      { name, ...counts, limit, shown: asked, inHand: new Set(), progress: undefined, reported: undefined },
    ];
  });
  const finished = new Set(input.finished);
  return {
    slots: input.inFlight,
    steps: input.reports ?? 20,
    mappings: new Map(mappings),
    finished,
    queue: input.mappings.filter((name) => !finished.has(name)),
    due: new Set(),
    inHand: new Map(),
    waiting: new Set(),
    underWay: 0,
    unclear: 0,
    inherited: new Set(input.blocked),
    answers: new Map((input.answers ?? []).map((answer) => [answer.what, answer])),
    turn: null,
    paused: input.paused ?? false,
    historyIsLong: false,
    untold: [],
  };
}
