import {
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../src/contract/activity-types';
import { captureMonitorInput } from '../src/contract/batch-copy';
import { sentenceOf } from '../src/progress/failure-sentence';
import { mayReport, sameWarnings } from '../src/progress/follow-steps';
import * as options from './runtime/activity-options';
import { workflowTime } from './runtime/clock';
import { historyIsLong } from './runtime/history-length';
import { parseInput } from './runtime/input';
import { stopSignal } from './operator/messages';
import { reportToRoot } from './runtime/report-to-root';

const watching = proxyActivities<Activities>(options.watching);

/**
 * Looks after the capture from before its installation until it is gone, also while rows are copied, while a failed run asks, and after
 * its root ended: what slots deliver goes to the target, old changes are purged, limits are upheld. Signal stop; ends by itself once
 * nothing is left to watch, or a later watcher of the run began. Continues as new at about 2,000 events.
 */
export async function captureMonitor(raw: unknown): Promise<void> {
  const input = parseInput(captureMonitorInput, raw, 'captureMonitor', { ref: {}, parent: 'crm-3' });
  let { shown = '', begun = false, reports = 0 } = input;
  let at: string | null = null;
  const name = workflowInfo().workflowId;
  let ending = false;
  let scope: CancellationScope | null = null;
  setHandler(stopSignal, () => {
    ending = true;
    scope?.cancel();
  });
  while (!ending) {
    scope = new CancellationScope();
    const found = await scope
      .run(() => look({ ref: input.ref, watcher: { name, begin: !begun } }))
      .catch((error: unknown) => {
        if (ending) return null;
        throw error;
      });
    if (found === null || found.over) return;
    const { warnings, asked } = found;
    begun ||= asked;
    const now = workflowTime();
    if (!sameWarnings(shown, warnings.join('\n')) && mayReport({ reports, at }, now)) {
      [shown, at, reports] = [warnings.join('\n'), now, reports + 1];
      setCurrentDetails(shown);
      await reportToRoot(input.parent, {
        follow: { capture: { changeLogBytes: 0, walBytes: 0, warnings: [...warnings] } },
      });
    }
    await condition(() => ending, '15 seconds');
    if (historyIsLong() && !ending) await continueAsNew<typeof captureMonitor>({ ...input, shown, begun, reports });
  }
}

interface Look {
  readonly warnings: readonly string[];
  readonly asked: boolean;
  readonly over: boolean;
}

async function look(input: Parameters<Activities['monitorCapture']>[0]): Promise<Look> {
  try {
    return await watching.monitorCapture(input);
  } catch (error) {
    if (isCancellation(error)) throw error;
    const warnings = [`The capture cannot be watched: ${sentenceOf(error)}`];
    return { warnings, asked: false, over: false };
  }
}
