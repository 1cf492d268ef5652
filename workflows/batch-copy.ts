import {
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../src/contract/activity-types';
import { batchCopyInput, type BatchCopyInput, type ProgressReport, type Resolution } from '../src/contract/batch-copy';
import type { TableProgress } from '../src/contract/run';
import { migrationAttributes } from '../src/contract/search-attributes';
import { blockedBecause, endsTheRun } from '../src/progress/blocked';
import { worthShowing } from '../src/progress/table-progress';
import * as options from './activity-options';
import { copySide } from './copy-side';
import { slots } from './in-parallel';
import { parseInput } from './input';
import { copyProgressQuery, pausedSignal, progressSignal, resolutionSignal } from './messages';

const control = proxyActivities<Activities>(options.quick);
const long = proxyActivities<Activities>(options.longRunning);

const page = 300;
const mostEvents = 2_000;

/**
 * Copies the batches of one or several mappings. Signals paused and resolution come from the root, progress goes to it;
 * query tables. Continues as new between pages of batches at about 2,000 events: the ledger says where to go on.
 */
export async function batchCopy(raw: unknown): Promise<void> {
  const input = parseInput(batchCopyInput, raw, 'batchCopy', { ref: {}, mappings: ['orders'] });
  const lane = openLane(input);
  const finished = [...(input.finished ?? [])];
  for (const mapping of input.mappings.filter((name) => !finished.includes(name))) {
    if (input.searchAttributes) upsertSearchAttributes([{ key: migrationAttributes.table, value: mapping }]);
    await long.planBatches.executeWithOptions({ summary: `plan the batches of ${mapping}` }, [input.ref, mapping]);
    while (await lane.copyPage(mapping)) {
      if (workflowInfo().historyLength > mostEvents) {
        await continueAsNew<typeof batchCopy>({ ...input, finished, paused: lane.paused() });
      }
    }
    await control.checkLimits(input.ref, mapping);
    finished.push(mapping);
  }
}

interface Lane {
  /** Copies up to a page of pending batches; false when none was pending. */
  copyPage(mapping: string): Promise<boolean>;
  paused(): boolean;
}

function openLane(input: BatchCopyInput): Lane {
  const copy = copySide(options.batch);
  let paused = input.paused ?? false;
  const resolutions = new Map<string, Resolution>();
  const blocked = new Set<string>();
  const tables = new Map<string, TableProgress>();
  const reported = new Map<string, TableProgress>();
  let failuresInARow = 0;
  setHandler(pausedSignal, (value) => void (paused = value === true));
  setHandler(resolutionSignal, (message) => void resolutions.set(message.what, message));
  setHandler(copyProgressQuery, () => [...tables.values()]);

  async function tell(report: ProgressReport): Promise<void> {
    try {
      await getExternalWorkflowHandle(input.parent).signal(progressSignal, report);
    } catch (error) {
      if (isCancellation(error)) throw error;
      // the root is gone (terminated): the copy goes on, the ledger has everything
    }
  }

  async function progressed(table: TableProgress): Promise<void> {
    tables.set(table.mapping, table);
    setCurrentDetails(`${table.mapping}: ${table.batchesDone} of ${table.batches} batches`);
    if (!worthShowing(reported.get(table.mapping), table)) return;
    reported.set(table.mapping, table);
    await tell({ table });
  }

  async function oneBatch(mapping: string, ordinal: number, of: number, slot: ReturnType<typeof slots>): Promise<void> {
    const what = `${mapping}:${ordinal}`;
    for (let quarantine: Resolution | null = null; ;) {
      await condition(() => !paused && (failuresInARow < 5 || blocked.size === 0));
      await slot.take();
      try {
        const receipt =
          quarantine === null
            ? await copy.copyBatch.executeWithOptions({ summary: `${mapping} ${ordinal}/${of}` }, [
                input.ref,
                mapping,
                ordinal,
              ])
            : await control.quarantineBatch(input.ref, mapping, ordinal, quarantine.by, quarantine.reason);
        failuresInARow = 0;
        const table = tables.get(mapping) as TableProgress;
        await progressed({
          ...table,
          batchesDone: table.batchesDone + 1,
          migrated: table.migrated + receipt.migrated,
          quarantined: table.quarantined + receipt.quarantined,
          outOfScope: table.outOfScope + receipt.outOfScope,
        });
        return;
      } catch (error) {
        if (isCancellation(error) || endsTheRun(error)) throw error;
        failuresInARow += 1;
        const facts = { what, mapping, ordinal, why: blockedBecause(error) };
        blocked.add(what);
        await control.blockBatch(input.ref, facts);
        await tell({ blocked: facts });
        await control.notify(input.ref, 'blocked', `${what} is blocked: ${facts.why}`);
      } finally {
        slot.give();
      }
      await condition(() => resolutions.has(what));
      const answer = resolutions.get(what) as Resolution;
      resolutions.delete(what);
      blocked.delete(what);
      await tell({ unblocked: what });
      quarantine = answer.do === 'quarantine' ? answer : null;
    }
  }

  return {
    paused: () => paused,
    copyPage: async (mapping) => {
      const pending = await control.pendingBatches(input.ref, mapping, page);
      const state = pending.ordinals.length === 0 ? 'done' : 'running';
      const { batches, done, migrated, quarantined, outOfScope } = pending;
      const estimatedRows = tables.get(mapping)?.estimatedRows ?? 0;
      await progressed({
        mapping,
        estimatedRows,
        batches,
        batchesDone: done,
        inFlight: 0,
        migrated,
        quarantined,
        outOfScope,
        state,
      });
      const slot = slots(input.inFlight);
      await Promise.all(pending.ordinals.map((ordinal) => oneBatch(mapping, ordinal, pending.batches, slot)));
      return pending.ordinals.length > 0;
    },
  };
}
