import { isCancellation, proxyActivities } from '@temporalio/workflow';
import type { Activities, OpenedRun } from '../../src/contract/activity-types';
import * as options from './activity-options';

const control = proxyActivities<Activities>(options.quick);

/** Calls settings.notify; a run never fails because somebody could not be told. */
export async function notify(run: OpenedRun, kind: 'gate' | 'done' | 'failed', sentence: string): Promise<void> {
  try {
    await control.notify({ ref: run.ref, kind, sentence });
  } catch (error) {
    if (isCancellation(error)) throw error;
  }
}
