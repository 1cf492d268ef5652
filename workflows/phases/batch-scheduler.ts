import { condition, isCancellation, proxyActivities, setCurrentDetails, setHandler } from '@temporalio/workflow';
import { z } from 'zod';
import type { Activities } from '../../src/contract/activity-types';
import {
  resolution,
  type BatchCopyInput,
  type LimitReached,
  type ProgressReport,
  type Resolution,
} from '../../src/contract/batch-copy';
import type { TableProgress } from '../../src/contract/run';
import { badRowsBlock, blockedBecause, endsTheRun } from '../../src/progress/blocked';
import { worthShowing } from '../../src/progress/table-progress';
import * as options from '../runtime/activity-options';
import { copySide } from './copy-side';
import { hearRoot } from '../runtime/hear-root';
import { slots } from '../runtime/in-parallel';
import { copyProgressQuery, pausedSignal, resolutionSignal } from '../operator/messages';
import { reportToRoot } from '../runtime/report-to-root';
import { counted } from '../../src/report/counted';

const control = proxyActivities<Activities>(options.quick);

/** Bounds the history between two looks at its length: a batch is 4 to 6 events. */
const page = 100;
/** So many failures of a mapping in a row are no matter of single batches: nothing new of it begins until one of them was resolved. */
const maxFailuresInARow = 5;

/** Copies batches of its mappings, parks those that are blocked, and hears the root. */
export interface BatchScheduler {
  /**
   * Begins a page of pending batches and answers once each of them is under way, through or blocked: `more` when others are left to begin,
   * `waiting` when what is left of the mapping is in hand, `done` when each batch has its receipt.
   */
  copyPage(mapping: string): Promise<'more' | 'waiting' | 'done'>;
  /** A mapping that is to be looked at again: nothing of it is in hand any more, or somebody resolved a batch of it. */
  due(): string | undefined;
  /** Waits for one. */
  nextDue(): Promise<string>;
  /** False while bad rows of the mapping wait for decisions: it is due again once they are made. */
  withinLimits(mapping: string): Promise<boolean>;
  /** Tells the root what it has not heard of yet. */
  tellRest(): Promise<void>;
  /** What another execution has to know to go on, once no batch is in flight. */
  handOver(): Promise<Pick<BatchCopyInput, 'paused' | 'blocked' | 'overLimit'>>;
}

export function openBatchScheduler(input: BatchCopyInput): BatchScheduler {
  const copy = copySide(options.batch);
  const slot = slots(input.inFlight);
  const inherited = new Set(input.blocked);
  const resolutions = new Map<string, Resolution>();
  const tables = new Map<string, TableProgress>();
  const reported = new Map<string, TableProgress>();
  /** Batches that are in hand: under way, blocked, or held back behind blocked ones; by mapping. */
  const inHand = new Map<string, Set<string>>();
  /** Those of them that wait for an answer. */
  const unanswered = new Map<string, string>();
  /** Those that begin once one of the blocked batches of their mapping is resolved. */
  const deferred = new Set<string>();
  const dueMappings = new Set<string>();
  /** Mappings with more bad rows than the plan allows: nothing new of them begins until somebody decided. */
  const overLimit = new Set<string>();
  /** What ended a batch for good, and with it all. */
  let broken: { readonly error: unknown } | null = null;
  let paused = input.paused ?? false;
  const failures = new Map<string, number>();
  hearRoot(input.parent, pausedSignal, z.boolean(), (value) => void (paused = value));
  hearRoot(input.parent, resolutionSignal, resolution, (message) => void resolutions.set(message.what, message));
  setHandler(copyProgressQuery, () => [...tables.values()]);

  const steps = input.reports ?? 20;
  /** Ends of tables that the root has not heard of yet. */
  let untold: TableProgress[] = [];
  /** Every report takes along what is untold. */
  const sendReport = (report: ProgressReport): Promise<void> => {
    const tables = untold;
    untold = [];
    return reportToRoot(input.parent, tables.length === 0 ? report : { ...report, tables });
  };

  async function progressed(table: TableProgress): Promise<void> {
    tables.set(table.mapping, table);
    setCurrentDetails(`${table.mapping}: ${table.batchesDone} of ${counted(table.batches, 'batch')}`);
    if (!worthShowing(reported.get(table.mapping), table, steps)) return;
    reported.set(table.mapping, table);
    if (steps >= 0) return sendReport({ table });
    untold.push(table);
    if (untold.length >= -steps) await sendReport({});
  }

  function isHeldBack(mapping: string): boolean {
    if (overLimit.has(mapping)) return true;
    return (failures.get(mapping) ?? 0) >= maxFailuresInARow && [...unanswered.values()].includes(mapping);
  }

  /** Takes a slot once the run is not paused and the mapping not held back: both may come about while others have the slots. */
  async function takeSlot(mapping: string, what: string, leave: () => void): Promise<void> {
    for (;;) {
      if (isHeldBack(mapping)) {
        deferred.add(what);
        leave();
        await condition(() => !isHeldBack(mapping));
        deferred.delete(what);
      }
      await condition(() => !paused);
      await slot.take();
      if (!paused && !isHeldBack(mapping)) return leave();
      slot.give();
    }
  }

  /** One try; the facts when it is blocked, null when the batch has its receipt. */
  async function attempt(
    mapping: string,
    ordinal: number,
    of: number,
    order: Resolution | null,
    leave: () => void,
  ): Promise<string | null> {
    await takeSlot(mapping, `${mapping}:${ordinal}`, leave);
    try {
      const receipt =
        order?.do === 'quarantine'
          ? await copy.quarantineBatch(input.ref, mapping, ordinal, order.by, order.reason)
          : await copy.copyBatch.executeWithOptions({ summary: `${mapping} ${ordinal}/${of}` }, [
              input.ref,
              mapping,
              ordinal,
            ]);
      failures.set(mapping, 0);
      if (receipt.overLimit === true) park(mapping, null);
      const table = tables.get(mapping) as TableProgress;
      await progressed({
        ...table,
        batchesDone: table.batchesDone + 1,
        migrated: table.migrated + receipt.migrated,
        quarantined: table.quarantined + receipt.quarantined,
        outOfScope: table.outOfScope + receipt.outOfScope,
      });
      return null;
    } catch (error) {
      if (isCancellation(error) || endsTheRun(error)) throw error;
      failures.set(mapping, (failures.get(mapping) ?? 0) + 1);
      return blockedBecause(error);
    } finally {
      slot.give();
    }
  }

  async function answerTo(mapping: string, what: string): Promise<Resolution> {
    unanswered.set(what, mapping);
    await condition(() => resolutions.has(what));
    const answer = resolutions.get(what) as Resolution;
    resolutions.delete(what);
    unanswered.delete(what);
    failures.set(mapping, 0);
    dueMappings.add(mapping);
    await sendReport({ unblocked: what });
    return answer;
  }

  /** Asks what to do about the bad rows of a mapping, and holds it back until they are decided. `told`: they were asked about already. */
  function park(mapping: string, reached: LimitReached | null, asked = false): void {
    if (overLimit.has(mapping)) return;
    overLimit.add(mapping);
    untilDecided(mapping, reached, asked).then(
      () => {
        overLimit.delete(mapping);
        dueMappings.add(mapping);
      },
      (error: unknown) => {
        broken ??= { error };
      },
    );
  }

  async function untilDecided(mapping: string, reached: LimitReached | null, asked: boolean): Promise<void> {
    const what = badRowsBlock(mapping);
    let over = reached ?? (asked ? null : await limitsOf(mapping));
    // decided meanwhile
    if (over === null && !asked) return;
    do {
      if (over !== null) {
        await sendReport({ blocked: { what, mapping, ordinal: 0, why: over.why }, findings: [...over.findings] });
        await control.notify(input.ref, 'blocked', over.why);
      }
      await condition(() => resolutions.has(what));
      resolutions.delete(what);
      over = await limitsOf(mapping);
    } while (over !== null);
    await sendReport({ unblocked: what });
  }

  /** Null in a history recorded before it answered anything, too. */
  async function limitsOf(mapping: string): Promise<LimitReached | null> {
    return (await control.checkLimits(input.ref, mapping)) ?? null;
  }

  async function oneBatch(mapping: string, ordinal: number, of: number, leave: () => void): Promise<void> {
    const what = `${mapping}:${ordinal}`;
    let order: Resolution | null = null;
    if (inherited.delete(what)) {
      leave();
      order = await answerTo(mapping, what);
    }
    for (;;) {
      const why = await attempt(mapping, ordinal, of, order, leave);
      if (why === null) return;
      const facts = { what, mapping, ordinal, why };
      await control.blockBatch(input.ref, facts);
      await sendReport({ blocked: facts });
      await control.notify(input.ref, 'blocked', `${what} is blocked: ${why}`);
      order = await answerTo(mapping, what);
    }
  }

  /** Resolves when the batch is under way, held back or waits for an answer; what becomes of it is noted. */
  function begin(mapping: string, ordinal: number, of: number): Promise<void> {
    const what = `${mapping}:${ordinal}`;
    const own = inHand.get(mapping) ?? new Set<string>();
    inHand.set(mapping, own.add(what));
    return new Promise((leave, fail) => {
      oneBatch(mapping, ordinal, of, leave).then(
        () => {
          own.delete(what);
          if (own.size === 0) dueMappings.add(mapping);
          leave();
        },
        (error: unknown) => {
          broken ??= { error };
          fail(error);
        },
      );
    });
  }

  for (const mapping of input.overLimit ?? []) park(mapping, null, true);

  function passOn(): void {
    if (broken !== null) throw broken.error;
  }

  function due(): string | undefined {
    const [mapping] = dueMappings;
    if (mapping !== undefined) dueMappings.delete(mapping);
    return mapping;
  }

  return {
    copyPage: async (mapping) => {
      dueMappings.delete(mapping);
      // as of before the look: what gets through meanwhile is no fresh batch
      const own = new Set(inHand.get(mapping));
      const pending = await control.pendingBatches(input.ref, mapping, page + own.size);
      const { batches, done, migrated, quarantined, outOfScope } = pending;
      await progressed({
        mapping,
        estimatedRows: tables.get(mapping)?.estimatedRows ?? 0,
        batches,
        batchesDone: done,
        inFlight: 0,
        migrated,
        quarantined,
        outOfScope,
        state: pending.ordinals.length === 0 ? 'done' : 'running',
      });
      passOn();
      if (pending.ordinals.length === 0) return 'done';
      const fresh = pending.ordinals.filter((ordinal) => !own.has(`${mapping}:${ordinal}`));
      if (fresh.length === 0 || isHeldBack(mapping)) return 'waiting';
      await Promise.all(fresh.map((ordinal) => begin(mapping, ordinal, batches)));
      passOn();
      return fresh.length < page ? 'waiting' : 'more';
    },
    due,
    withinLimits: async (mapping) => {
      if (overLimit.has(mapping)) return false;
      const over = await limitsOf(mapping);
      if (over !== null) park(mapping, over);
      return over === null;
    },
    nextDue: async () => {
      await condition(() => broken !== null || dueMappings.size > 0);
      passOn();
      return due() as string;
    },
    tellRest: () => (untold.length === 0 ? Promise.resolve() : sendReport({})),
    handOver: async () => {
      const waiting = (): number => [...inHand.values()].reduce((sum, own) => sum + own.size, 0);
      const idle = (): boolean => slot.taken() === 0 && unanswered.size + deferred.size === waiting();
      // an answer may wake a batch on the same change: it is looked at again, so that none is lost
      do await condition(() => broken !== null || idle());
      while (broken === null && !idle());
      passOn();
      return { paused, blocked: [...unanswered.keys()], overLimit: [...overLimit] };
    },
  };
}
