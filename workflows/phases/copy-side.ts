import { proxyActivities, workflowInfo, type ActivityOptions } from '@temporalio/workflow';
import type { Activities } from '../../src/contract/activity-types';
import { copyQueue } from '../../src/contract/task-queues';

/** Activities on the copy queue that belongs to this workflow's own queue. */
export function copySide(options: ActivityOptions): ReturnType<typeof proxyActivities<Activities>> {
  return proxyActivities<Activities>({ ...options, taskQueue: copyQueue(workflowInfo().taskQueue) });
}
