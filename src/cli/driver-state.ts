import { temporal as api } from '@temporalio/proto';
import type { WorkflowExecutionDescription, WorkflowHandle } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import { buildOfQueue, queueOfBuild } from '../contract/build-id';
import { defaultTaskQueue } from '../contract/task-queues';
import type { RunStatus } from '../contract/run';
import { thisBuild } from '../worker/this-build';
import { buildsPolling, somebodyPolls, type TemporalSession } from './temporal';

/** The workflow of a run, as it answers now. */
export type DriverState =
  | { readonly kind: 'absent' }
  /** `how`: completed, failed, cancelled, terminated, timed out. */
  | { readonly kind: 'closed'; readonly how: string }
  | { readonly kind: 'answers'; readonly status: RunStatus }
  /** Open, and nobody answers: no worker polls, or one that is busy or cannot go on. */
  | {
      readonly kind: 'silent';
      readonly taskQueue: string;
      /** The build that began it and goes on with it; null where any worker of the queue may. */
      readonly build: string | null;
      /** By a worker that may go on with it. */
      readonly polled: boolean;
      readonly stuck: string | null;
      /** On a queue of the local Temporal of this machine, where `watch` and `run` start a worker. */
      readonly local: boolean;
    };

/** Longer than a busy worker needs. */
const patienceMs = 8_000;
/** Events that are looked at for the last workflow task. */
const lastEvents = 30;

export async function driverState(temporal: TemporalSession, handle: WorkflowHandle): Promise<DriverState> {
  let described;
  try {
    described = await handle.describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { kind: 'absent' };
    throw error;
  }
  const { name } = described.status;
  if (name !== 'RUNNING') return { kind: 'closed', how: name.toLowerCase().replaceAll('_', ' ') };
  let stuck = await stuckBecause(temporal, handle.workflowId);
  if (stuck === null) {
    try {
      const status = await temporal.client.withDeadline(Date.now() + patienceMs, () =>
        handle.query<RunStatus>('status'),
      );
      // the clock of a workflow stands still while it waits
      return { kind: 'answers', status: { ...status, asOf: new Date().toISOString() } };
    } catch (error) {
      // nobody polls, or the worker cannot replay it
      stuck = isNondeterminism(error) ? otherVersion : await stuckBecause(temporal, handle.workflowId);
    }
  }
  const { taskQueue } = described;
  const pinned = pinnedTo(described);
  const build = pinned ?? buildOfQueue(taskQueue);
  const polling = await buildsPolling(temporal, taskQueue);
  const polled = pinned === null ? polling.size > 0 : polling.has(pinned);
  if (build !== null && !polled && (polling.size > 0 || (await replaces(temporal, taskQueue))))
    stuck ??= `it belongs to build ${build}, another version of the workflows, and no worker of that build polls`;
  const local = temporal.local && taskQueue.startsWith(`${defaultTaskQueue}-`);
  return { kind: 'silent', taskQueue, build, polled, stuck, local };
}

/** The build that Temporal gives the tasks of a workflow to; null where its queue alone decides. */
function pinnedTo({ raw }: WorkflowExecutionDescription): string | null {
  return raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId ?? null;
}

/** Whether workers of this build poll where those of another one did, each on a queue of its own. */
async function replaces(temporal: TemporalSession, taskQueue: string): Promise<boolean> {
  const own = queueOfBuild(taskQueue, thisBuild());
  return own !== taskQueue && (await somebodyPolls(temporal, own));
}

const otherVersion = 'it was started by another version of the workflows';

/** TMPRL1100 is the number of the SDK's rule; a query is answered with its text. */
function isNondeterminism(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause) {
    if (/TMPRL1100|nondeterminis/i.test(one.message)) return true;
  }
  return false;
}

/** Why the last task of a workflow failed, where none after it got through; null when it goes on. */
async function stuckBecause(temporal: TemporalSession, workflowId: string): Promise<string | null> {
  const { history } = await temporal.client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: temporal.namespace,
    execution: { workflowId },
    maximumPageSize: lastEvents,
  });
  for (const event of history?.events ?? []) {
    if (event.workflowTaskCompletedEventAttributes != null) return null;
    const failed = event.workflowTaskFailedEventAttributes;
    // a reset begins with a failed task that is none
    if (failed == null || failed.cause === causes.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW) continue;
    return failed.cause === causes.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR
      ? otherVersion
      : 'its last workflow task failed, as it does when another version of the workflows started it';
  }
  return null;
}

const causes = api.api.enums.v1.WorkflowTaskFailedCause;

/** One sentence on an open workflow that does not answer. */
export function silenceSentence(run: string, state: Extract<DriverState, { kind: 'silent' }>): string {
  if (state.stuck !== null)
    return `${run} is open, and the workers of its task queue cannot continue its workflow: ${state.stuck}.`;
  if (state.polled) return `${run} is open; its worker does not answer at the moment.`;
  return state.build === null
    ? `${run} is open, and no worker polls its task queue ${state.taskQueue}: it waits until one does.`
    : `${run} is open, and no worker of build ${state.build} polls its task queue ${state.taskQueue}: it waits until one does.`;
}
