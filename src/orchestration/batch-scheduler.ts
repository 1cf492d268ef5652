import type { BatchReceipt, PendingBatches } from '../contract/activity-types';
import type { BatchCopyInput, LimitReached, ProgressReport, Resolution } from '../contract/batch-copy';
import type { BlockedBatch, TableProgress } from '../contract/run';
import { badRowsBlock } from '../progress/blocked';
import { worthShowing } from '../progress/table-progress';
import { counted } from '../report/counted';
import type { Batch, MappingState, SchedulerState, Turn } from './scheduler-state';

/** Bounds the history between two looks at its length: a batch is 4 to 6 events. */
const page = 100;
/** So many failures of a mapping in a row are no matter of single batches: nothing new of it begins until one of them was resolved. */
const maxFailuresInARow = 5;

export type SchedulerEvent =
  | { readonly is: 'begun' }
  | { readonly is: 'planned' }
  | { readonly is: 'page read'; readonly page: PendingBatches }
  | { readonly is: 'copied'; readonly what: string; readonly receipt: BatchReceipt }
  | { readonly is: 'failed'; readonly what: string; readonly why: string }
  | { readonly is: 'block recorded'; readonly block: BlockedBatch }
  | { readonly is: 'limit looked at'; readonly mapping: string; readonly over: LimitReached | null }
  | { readonly is: 'answered'; readonly answer: Resolution }
  | { readonly is: 'paused'; readonly paused: boolean }
  | { readonly is: 'history is long' };

/** What a child has to do. Whoever carries out one of the first five says what came of it with an event. */
export type SchedulerCommand =
  | { readonly do: 'plan'; readonly mapping: string }
  | { readonly do: 'read page'; readonly mapping: string; readonly limit: number }
  /** Copies it, or puts it into quarantine where that is the order. */
  | ({ readonly do: 'copy' } & Pick<Batch, 'what' | 'mapping' | 'ordinal' | 'of' | 'order'>)
  | { readonly do: 'record block'; readonly block: BlockedBatch }
  | { readonly do: 'look at limit'; readonly mapping: string }
  | { readonly do: 'report'; readonly report: ProgressReport }
  | { readonly do: 'notify'; readonly sentence: string }
  | { readonly do: 'show'; readonly sentence: string };

/** Takes what happened into the state, and says what is to be done about it, in this order. */
export function schedule(state: SchedulerState, event: SchedulerEvent): SchedulerCommand[] {
  const commands: SchedulerCommand[] = [];
  const scheduler = openScheduler(state, (command) => void commands.push(command));
  scheduler.take(event);
  scheduler.goOn();
  return commands;
}

/** Whether the child is through, or what another execution has to know to go on; null while there is something to wait for. */
export function endOf(state: SchedulerState): 'done' | Partial<BatchCopyInput> | null {
  if (state.turn !== null || state.underWay > 0 || state.unclear > 0) return null;
  if (state.finished.size === state.mappings.size) return 'done';
  if (!state.historyIsLong || [...state.waiting].some((batch) => !isHeldBack(mappingOf(state, batch)))) return null;
  const blocked = [...state.inHand.values()].filter((batch) => batch.state === 'blocked').map(({ what }) => what);
  return {
    finished: [...state.finished],
    paused: state.paused,
    blocked: [...blocked, ...state.inherited],
    overLimit: [...state.mappings.values()].filter(({ limit }) => limit === 'asked').map(({ name }) => name),
    answers: [...state.answers.values()].filter(({ what }) => state.inherited.has(what)),
  };
}

function mappingOf({ mappings }: SchedulerState, batch: Pick<Batch, 'mapping'>): MappingState {
  return mappings.get(batch.mapping) as MappingState;
}

/** Nothing new of it begins until somebody decided. */
function isHeldBack({ limit, failuresInARow, blocked }: MappingState): boolean {
  return limit !== 'within' || (failuresInARow >= maxFailuresInARow && blocked > 0);
}

function openScheduler(
  state: SchedulerState,
  todo: (command: SchedulerCommand) => void,
): { take(event: SchedulerEvent): void; goOn(): void } {
  /** Every report takes along what is untold. */
  function report(about: ProgressReport): void {
    const tables = state.untold;
    state.untold = [];
    todo({ do: 'report', report: tables.length === 0 ? about : { ...about, tables } });
  }

  function progressed(mapping: MappingState, table: TableProgress): void {
    mapping.progress = table;
    todo({ do: 'show', sentence: `${table.mapping}: ${table.batchesDone} of ${counted(table.batches, 'batch')}` });
    if (!worthShowing(mapping.reported, table, state.steps)) return;
    mapping.reported = table;
    if (state.steps >= 0) return report({ table });
    state.untold.push(table);
    if (state.untold.length >= -state.steps) report({});
  }

  function nextTurn(): void {
    let [name] = state.due;
    if (name === undefined) {
      do name = state.queue.shift();
      while (name !== undefined && state.finished.has(name));
    } else if (state.queue[0] === name) state.queue.shift();
    if (name === undefined) return;
    const mapping = state.mappings.get(name) as MappingState;
    state.turn = { mapping, step: 'plan', known: new Set(), left: new Set(), more: false };
    if (mapping.planned) return readPage(state.turn);
    mapping.planned = true;
    todo({ do: 'plan', mapping: name });
  }

  function readPage(turn: Turn): void {
    const { name, inHand } = turn.mapping;
    state.due.delete(name);
    turn.step = 'read';
    turn.known = new Set(inHand);
    todo({ do: 'read page', mapping: name, limit: page + inHand.size });
  }

  function endTurn({ mapping, more }: Turn): void {
    state.turn = null;
    if (more && state.queue[0] !== mapping.name) state.queue.unshift(mapping.name);
  }

  function pageRead(turn: Turn, { ordinals, batches, done, ...rows }: PendingBatches): void {
    const { mapping } = turn;
    const { migrated, quarantined, outOfScope } = rows;
    progressed(mapping, {
      mapping: mapping.name,
      estimatedRows: mapping.progress?.estimatedRows ?? 0,
      batches,
      batchesDone: done,
      inFlight: 0,
      migrated,
      quarantined,
      outOfScope,
      state: ordinals.length === 0 ? 'done' : 'running',
    });
    if (ordinals.length === 0) {
      // over its limit it is due again once somebody decided
      if (mapping.limit !== 'within') return endTurn(turn);
      turn.step = 'look at limits';
      return lookAtLimit(mapping);
    }
    const fresh = ordinals.filter((ordinal) => !turn.known.has(`${mapping.name}:${ordinal}`));
    if (fresh.length === 0 || isHeldBack(mapping)) return endTurn(turn);
    turn.step = 'begin';
    turn.more = fresh.length >= page;
    for (const ordinal of fresh) begin(turn, ordinal, batches);
  }

  function begin({ mapping, left }: Turn, ordinal: number, of: number): void {
    const what = `${mapping.name}:${ordinal}`;
    const batch: Batch = { what, mapping: mapping.name, ordinal, of, state: 'waiting', order: null };
    state.inHand.set(what, batch);
    mapping.inHand.add(what);
    if (state.inherited.delete(what)) return blocked(batch);
    state.waiting.add(batch);
    left.add(what);
  }

  function startWaiting(): void {
    for (const batch of state.waiting) {
      if (state.paused || state.underWay >= state.slots) return;
      if (isHeldBack(mappingOf(state, batch))) continue;
      state.waiting.delete(batch);
      state.underWay += 1;
      batch.state = 'under way';
      const { what, mapping, ordinal, of, order } = batch;
      todo({ do: 'copy', what, mapping, ordinal, of, order });
    }
  }

  function copied(batch: Batch, receipt: BatchReceipt): void {
    const mapping = mappingOf(state, batch);
    state.underWay -= 1;
    state.inHand.delete(batch.what);
    mapping.inHand.delete(batch.what);
    mapping.failuresInARow = 0;
    if (receipt.overLimit === true && mapping.limit === 'within') lookAtLimit(mapping);
    const table = mapping.progress as TableProgress;
    progressed(mapping, {
      ...table,
      batchesDone: table.batchesDone + 1,
      migrated: table.migrated + receipt.migrated,
      quarantined: table.quarantined + receipt.quarantined,
      outOfScope: table.outOfScope + receipt.outOfScope,
    });
    if (mapping.inHand.size === 0) lookAgain(mapping);
  }

  function failed(batch: Batch, why: string): void {
    state.underWay -= 1;
    state.unclear += 1;
    mappingOf(state, batch).failuresInARow += 1;
    batch.state = 'being blocked';
    const { what, mapping, ordinal } = batch;
    todo({ do: 'record block', block: { what, mapping, ordinal, why } });
  }

  function blocked(batch: Batch): void {
    batch.state = 'blocked';
    mappingOf(state, batch).blocked += 1;
    answerBatch(batch);
  }

  /** Does what was decided about a blocked batch, if anything was. */
  function answerBatch(batch: Batch): void {
    const order = state.answers.get(batch.what);
    if (order === undefined || batch.state !== 'blocked') return;
    state.answers.delete(batch.what);
    const mapping = mappingOf(state, batch);
    mapping.blocked -= 1;
    mapping.failuresInARow = 0;
    lookAgain(mapping);
    report({ unblocked: batch.what });
    batch.order = order;
    batch.state = 'waiting';
    state.waiting.add(batch);
  }

  function lookAtLimit(mapping: MappingState): void {
    state.unclear += 1;
    mapping.limit = 'looked at';
    todo({ do: 'look at limit', mapping: mapping.name });
  }

  function limitLookedAt(mapping: MappingState, over: LimitReached | null): void {
    const what = badRowsBlock(mapping.name);
    const turn = state.turn?.mapping === mapping && state.turn.step === 'look at limits' ? state.turn : null;
    state.unclear -= 1;
    if (turn !== null) endTurn(turn);
    if (over === null) {
      if (mapping.shown) report({ unblocked: what });
      mapping.limit = 'within';
      mapping.shown = false;
      if (turn === null) lookAgain(mapping);
      else finish(mapping);
      return;
    }
    mapping.limit = 'asked';
    mapping.shown = true;
    report({ blocked: { what, mapping: mapping.name, ordinal: 0, why: over.why }, findings: [...over.findings] });
    todo({ do: 'notify', sentence: over.why });
    answerLimit(mapping);
  }

  /** Looks again whether a mapping is within its limit, where somebody decided since it was not. */
  function answerLimit(mapping: MappingState): void {
    if (mapping.limit === 'asked' && state.answers.delete(badRowsBlock(mapping.name))) lookAtLimit(mapping);
  }

  function lookAgain({ name }: MappingState): void {
    if (!state.finished.has(name)) state.due.add(name);
  }

  function finish({ name }: MappingState): void {
    state.finished.add(name);
    state.due.delete(name);
  }

  function answered(answer: Resolution): void {
    const { what } = answer;
    state.answers.set(what, answer);
    const batch = state.inHand.get(what);
    if (batch !== undefined) return answerBatch(batch);
    const mapping = state.mappings.get(what.slice(0, what.lastIndexOf(':')));
    if (mapping !== undefined && what === badRowsBlock(mapping.name)) answerLimit(mapping);
  }

  function take(event: SchedulerEvent): void {
    switch (event.is) {
      case 'begun':
        return;
      case 'planned':
        return readPage(state.turn as Turn);
      case 'page read':
        return pageRead(state.turn as Turn, event.page);
      case 'copied':
        return copied(state.inHand.get(event.what) as Batch, event.receipt);
      case 'failed':
        return failed(state.inHand.get(event.what) as Batch, event.why);
      case 'block recorded': {
        const { block } = event;
        state.unclear -= 1;
        report({ blocked: block });
        todo({ do: 'notify', sentence: `${block.what} is blocked: ${block.why}` });
        return blocked(state.inHand.get(block.what) as Batch);
      }
      case 'limit looked at':
        return limitLookedAt(state.mappings.get(event.mapping) as MappingState, event.over);
      case 'answered':
        return answered(event.answer);
      case 'paused':
        state.paused = event.paused;
        return;
      case 'history is long':
        state.historyIsLong = true;
    }
  }

  /** What may begin, begins; a turn whose page has begun ends, and the next one comes, unless the child is about to end. */
  function goOn(): void {
    startWaiting();
    const { turn } = state;
    if (turn?.step === 'begin') {
      const waits = (what: string): boolean => state.inHand.get(what)?.state === 'waiting';
      for (const what of turn.left) if (!waits(what) || isHeldBack(turn.mapping)) turn.left.delete(what);
      if (turn.left.size === 0) endTurn(turn);
    }
    if (state.turn !== null) return;
    if (!state.historyIsLong && state.finished.size < state.mappings.size) nextTurn();
    else if (state.untold.length > 0 && endOf(state) !== null) report({});
  }

  return { take, goOn };
}
