import {
  CancellationScope,
  condition,
  isCancellation,
  startChild,
  workflowInfo,
  type ChildWorkflowHandle,
} from '@temporalio/workflow';
import type { OpenedRun } from '../../src/contract/activity-types';
import { beginFollowing } from '../../src/progress/follow-view';
import { childId, remember } from './children';
import type { OperatorControl } from '../operator/control';
import { delta } from '../delta';
import { pausedSignal, stopSignal } from '../operator/messages';

/** The child that follows the sources, as its root steers it. */
export interface Follower {
  /** Resolves once nothing was left behind for the first time. */
  caughtUp(): Promise<void>;
  /** Does work that nothing else may hold the apply lease for: following ends before, and goes on after unless `over` says no. */
  alone<T>(work: () => Promise<T>, over?: (result: T) => boolean): Promise<T>;
}

/** Follows the sources while `work` runs; both end together, whichever way. `once`: following ends when it has caught up. */
export async function whileFollowing<T>(
  run: OpenedRun,
  operator: OperatorControl,
  work: (follower: Follower) => Promise<T>,
  once = false,
): Promise<T> {
  let child: ChildWorkflowHandle<typeof delta> | null = null;
  let ended: Promise<unknown> = Promise.resolve();
  let broken: { readonly error: unknown } | null = null;
  let busy = false;

  async function begin(): Promise<void> {
    await ended;
    if (broken !== null) throw broken.error;
    operator.change((view) => beginFollowing(view, run));
    const workflowId = childId(run, 'delta');
    const paused = operator.paused();
    const input = { ref: run.ref, parent: workflowInfo().workflowId, paused, reports: operator.followReports(), once };
    const handle = await startChild(delta, { workflowId, args: [input], staticSummary: `${run.plan}: following` });
    child = handle;
    ended = handle.result().catch((error: unknown) => {
      if (child === handle) broken = { error };
    });
    operator.listen(workflowId);
    if (operator.paused() !== paused) await handle.signal(pausedSignal, operator.paused());
    remember(operator, 'delta', workflowId);
  }

  async function end(): Promise<void> {
    const handle = child;
    if (handle === null) return;
    operator.quiet();
    try {
      await handle.signal(stopSignal);
    } catch (error) {
      if (isCancellation(error)) throw error;
      // it has ended by itself
    }
  }

  async function alone<R>(inside: () => Promise<R>, over: (result: R) => boolean = () => false): Promise<R> {
    await waitFor(() => !busy);
    busy = true;
    try {
      // a round under way is not waited for: whoever takes the apply lease ends it, and no other one begins
      await end();
      const result = await inside();
      if (!over(result)) await begin();
      return result;
    } catch (error) {
      if (!isCancellation(error)) await begin();
      throw error;
    } finally {
      busy = false;
    }
  }

  async function waitFor(holds: () => boolean): Promise<void> {
    // several may wake on the same change: each looks again before it goes on
    do await condition(() => broken !== null || holds());
    while (broken === null && !holds());
    if (broken !== null) throw broken.error;
  }

  const scope = new CancellationScope();
  try {
    return await scope.run(async () => {
      await begin();
      const failed = condition(() => broken !== null).then(() => {
        throw broken?.error;
      });
      failed.catch(() => undefined);
      const follower = { caughtUp: () => waitFor(() => operator.view().follow?.caughtUp === true), alone };
      const result = await Promise.race([work(follower), failed]);
      await end();
      await ended;
      return result as T;
    });
  } finally {
    scope.cancel();
    operator.quiet();
    await CancellationScope.nonCancellable(() => ended);
  }
}
