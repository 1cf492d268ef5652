import { condition, isCancellation, proxyActivities, setCurrentDetails, setHandler } from '@temporalio/workflow';
import type { Activities } from '../src/contract/activity-types';
import type { BatchCopyInput, ProgressReport, Resolution } from '../src/contract/batch-copy';
import type { TableProgress } from '../src/contract/run';
import { blockedBecause, endsTheRun } from '../src/progress/blocked';
import { worthShowing } from '../src/progress/table-progress';
import * as options from './activity-options';
import { copySide } from './copy-side';
import { slots } from './in-parallel';
import { copyProgressQuery, pausedSignal, resolutionSignal } from './messages';
import { tellRoot } from './tell-root';
import { counted } from '../src/report/counted';

const control = proxyActivities<Activities>(options.quick);

/** Bounds the history between two looks at its length: a batch is 4 to 6 events. */
const page = 100;
/** So many failures in a row are no matter of single batches: nothing new begins until one of them was resolved. */
const mostFailuresInARow = 5;

/** Copies batches of one mapping after the other, parks those that are blocked, and hears the root. */
export interface CopyLane {
  /** Copies a page of pending batches, waiting for parked ones only when nothing else is left; false at the end. */
  copyPage(mapping: string): Promise<boolean>;
  /** What another execution has to know to go on, once no batch is in flight. */
  handOver(): Promise<Pick<BatchCopyInput, 'paused' | 'blocked'>>;
}

export function openCopyLane(input: BatchCopyInput): CopyLane {
  const copy = copySide(options.batch);
  const slot = slots(input.inFlight);
  const inherited = new Set(input.blocked);
  const resolutions = new Map<string, Resolution>();
  const tables = new Map<string, TableProgress>();
  const reported = new Map<string, TableProgress>();
  /** Batches that were blocked in this execution and are not through yet. */
  const parked = new Map<string, Promise<void>>();
  /** Those of them that wait for an answer. */
  const unanswered = new Set<string>();
  /** What ended a parked batch for good, and with it all. */
  let broken: { readonly error: unknown } | null = null;
  let paused = input.paused ?? false;
  let failuresInARow = 0;
  setHandler(pausedSignal, (value) => void (paused = value === true));
  setHandler(resolutionSignal, (message) => void resolutions.set(message.what, message));
  setHandler(copyProgressQuery, () => [...tables.values()]);

  const tell = (report: ProgressReport): Promise<void> => tellRoot(input.parent, report);

  async function progressed(table: TableProgress): Promise<void> {
    tables.set(table.mapping, table);
    setCurrentDetails(`${table.mapping}: ${table.batchesDone} of ${counted(table.batches, 'batch')}`);
    if (!worthShowing(reported.get(table.mapping), table, input.reports ?? 20)) return;
    reported.set(table.mapping, table);
    await tell({ table });
  }

  /** One try; the facts when it is blocked, null when the batch has its receipt. */
  async function attempt(
    mapping: string,
    ordinal: number,
    of: number,
    order: Resolution | null,
  ): Promise<string | null> {
    await condition(() => !paused && (failuresInARow < mostFailuresInARow || unanswered.size === 0));
    await slot.take();
    try {
      const receipt =
        order?.do === 'quarantine'
          ? await copy.quarantineBatch(input.ref, mapping, ordinal, order.by, order.reason)
          : await copy.copyBatch.executeWithOptions({ summary: `${mapping} ${ordinal}/${of}` }, [
              input.ref,
              mapping,
              ordinal,
            ]);
      failuresInARow = 0;
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
      failuresInARow += 1;
      return blockedBecause(error);
    } finally {
      slot.give();
    }
  }

  async function answerTo(what: string): Promise<Resolution> {
    unanswered.add(what);
    await condition(() => resolutions.has(what));
    const answer = resolutions.get(what) as Resolution;
    resolutions.delete(what);
    unanswered.delete(what);
    failuresInARow = 0;
    await tell({ unblocked: what });
    return answer;
  }

  async function oneBatch(mapping: string, ordinal: number, of: number, park: () => void): Promise<void> {
    const what = `${mapping}:${ordinal}`;
    let order: Resolution | null = null;
    await Promise.resolve();
    if (inherited.delete(what)) {
      park();
      order = await answerTo(what);
    }
    for (;;) {
      const why = await attempt(mapping, ordinal, of, order);
      if (why === null) return;
      const facts = { what, mapping, ordinal, why };
      await control.blockBatch(input.ref, facts);
      await tell({ blocked: facts });
      await control.notify(input.ref, 'blocked', `${what} is blocked: ${why}`);
      park();
      order = await answerTo(what);
    }
  }

  /** Resolves when the batch is through or parked: a blocked batch keeps neither its page nor the next one waiting. */
  function begin(mapping: string, ordinal: number, of: number): Promise<void> {
    const what = `${mapping}:${ordinal}`;
    return new Promise((leave, fail) => {
      const through = new Promise<void>((done, failed) => {
        const park = (): void => {
          // `through` exists by then: a batch parks after it has awaited something
          parked.set(what, through);
          leave();
        };
        oneBatch(mapping, ordinal, of, park).then(done, failed);
      });
      through.then(
        () => {
          parked.delete(what);
          leave();
        },
        (error: unknown) => {
          broken ??= { error };
          fail(error);
        },
      );
    });
  }

  function passOn(): void {
    if (broken !== null) throw broken.error;
  }

  return {
    copyPage: async (mapping) => {
      const pending = await control.pendingBatches(input.ref, mapping, page + parked.size);
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
      const fresh = pending.ordinals.filter((ordinal) => !parked.has(`${mapping}:${ordinal}`));
      await Promise.all(fresh.map((ordinal) => begin(mapping, ordinal, batches)));
      if (fresh.length === 0) await Promise.all(parked.values());
      passOn();
      return pending.ordinals.length > 0;
    },
    handOver: async () => {
      await condition(() => broken !== null || (slot.taken() === 0 && unanswered.size === parked.size));
      passOn();
      return { paused, blocked: [...unanswered] };
    },
  };
}
