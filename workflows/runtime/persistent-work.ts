import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../src/contract/activity-types';
import type { PersistentWork } from '../../src/contract/batch-copy';
import type { RunRef } from '../../src/contract/run';
import * as options from './activity-options';

const once = proxyActivities<Activities>(options.oneTry);
const long = proxyActivities<Activities>(options.longRunning);

/** One try at something that a run does until it works. */
export function doOnce(ref: RunRef, work: PersistentWork): Promise<unknown> {
  switch (work) {
    case 'openTarget':
      return once.openTarget(ref);
    case 'callSwitch':
      return once.callSwitch(ref);
    case 'removeCapture':
      return long.removeCapture(ref);
    case 'refreshTarget':
      return long.analyzeAndRefresh({ ref, again: true });
    case 'writeIdMap':
      return long.writeIdMap(ref);
    case 'reconcile':
      return long.reconcile(ref);
  }
}

/** 2, 4, 8 … seconds, at most 5 minutes: a hook that fails for a week is 2,000 calls, not a million. */
export function backoffMs(tries: number): number {
  return Math.min(300_000, 1_000 * 2 ** Math.min(tries, 12));
}
