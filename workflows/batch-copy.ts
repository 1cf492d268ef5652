import {
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { z } from 'zod';
import type { Activities, BatchReceipt } from '../src/contract/activity-types';
import { batchCopyInput, resolution } from '../src/contract/batch-copy';
import type { TableProgress } from '../src/contract/run';
import { migrationAttributes } from '../src/contract/search-attributes';
import { endOf, schedule, type SchedulerCommand, type SchedulerEvent } from '../src/orchestration/batch-scheduler';
import { newScheduler } from '../src/orchestration/scheduler-state';
import { blockedBecause, endsTheRun } from '../src/progress/blocked';
import { copyProgressQuery, pausedSignal, resolutionSignal } from './operator/messages';
import { copySide } from './phases/copy-side';
import * as options from './runtime/activity-options';
import { hearRoot } from './runtime/hear-root';
import { historyIsLong } from './runtime/history-length';
import { parseInput } from './runtime/input';
import { reportToRoot } from './runtime/report-to-root';

const control = proxyActivities<Activities>(options.quick);
const long = proxyActivities<Activities>(options.longRunning);

/**
 * Copies the batches of one or several mappings: the next one begins as soon as all batches of the one before are under way, so that none
 * waits behind another that is blocked. Signals paused and resolution come from the root, progress goes to it; query tables. Continues as
 * new between pages of batches at about 2,000 events: the ledger says where to go on.
 */
export async function batchCopy(raw: unknown): Promise<void> {
  const input = parseInput(batchCopyInput, raw, 'batchCopy', { ref: {}, mappings: ['orders'] });
  const { ref, parent } = input;
  const copy = copySide(options.batch);
  const state = newScheduler(input);
  let underWay = 0;
  let broken: { readonly error: unknown } | null = null;
  /** The root hears reports in their order. */
  let reports = Promise.resolve();

  function happen(event: SchedulerEvent): void {
    if (!state.historyIsLong && historyIsLong()) carryOut(schedule(state, { is: 'history is long' }));
    carryOut(schedule(state, event));
  }

  function carryOut(commands: readonly SchedulerCommand[]): void {
    for (const command of commands) {
      underWay += 1;
      dispatch(command).then(
        (event) => {
          underWay -= 1;
          if (event !== null) happen(event);
        },
        (error: unknown) => {
          underWay -= 1;
          broken ??= { error };
        },
      );
    }
  }

  async function dispatch(command: SchedulerCommand): Promise<SchedulerEvent | null> {
    switch (command.do) {
      case 'plan': {
        const { mapping } = command;
        if (input.searchAttributes) upsertSearchAttributes([{ key: migrationAttributes.table, value: mapping }]);
        await long.planBatches.executeWithOptions({ summary: `plan the batches of ${mapping}` }, [{ ref, mapping }]);
        return { is: 'planned' };
      }
      case 'read page':
        return {
          is: 'page read',
          page: await control.pendingBatches({ ref, mapping: command.mapping, limit: command.limit }),
        };
      case 'copy':
        return attempt(command);
      case 'record block':
        await control.blockBatch({ ref, blocked: command.block });
        return { is: 'block recorded', block: command.block };
      case 'look at limit': {
        const { mapping } = command;
        return { is: 'limit looked at', mapping, over: await control.checkLimits({ ref, mapping }) };
      }
      case 'report':
        reports = reports.then(() => reportToRoot(parent, command.report));
        await reports;
        return null;
      case 'notify':
        await control.notify({ ref, kind: 'blocked', sentence: command.sentence });
        return null;
      case 'show':
        setCurrentDetails(command.sentence);
        return null;
    }
  }

  async function attempt(batch: SchedulerCommand & { readonly do: 'copy' }): Promise<SchedulerEvent> {
    const { what, mapping, ordinal, of, order } = batch;
    const quarantined = (by: string, reason: string): Promise<BatchReceipt> =>
      copy.quarantineBatch({ ref, mapping, ordinal, by, reason });
    const copied = (): Promise<BatchReceipt> =>
      copy.copyBatch.executeWithOptions({ summary: `${mapping} ${ordinal}/${of}` }, [{ ref, mapping, ordinal }]);
    try {
      const receipt = await (order?.do === 'quarantine' ? quarantined(order.by, order.reason) : copied());
      return { is: 'copied', what, receipt };
    } catch (error) {
      if (isCancellation(error) || endsTheRun(error)) throw error;
      return { is: 'failed', what, why: blockedBecause(error) };
    }
  }

  hearRoot(parent, pausedSignal, z.boolean(), (paused) => happen({ is: 'paused', paused }));
  hearRoot(parent, resolutionSignal, resolution, (answer) => happen({ is: 'answered', answer }));
  setHandler(copyProgressQuery, () =>
    [...state.mappings.values()].map(({ progress }) => progress).filter((table): table is TableProgress => !!table),
  );
  happen({ is: 'begun' });

  // nothing ends in the middle of a message or a report; and what came with the last of them is looked at again
  const quiet = (): boolean => underWay === 0 && allHandlersFinished();
  let end = endOf(state);
  while (end === null || !quiet()) {
    await condition(() => broken !== null || (quiet() && endOf(state) !== null));
    if (broken !== null) throw (broken as { readonly error: unknown }).error;
    end = endOf(state);
  }
  if (end !== 'done') await continueAsNew<typeof batchCopy>({ ...input, ...end });
}
