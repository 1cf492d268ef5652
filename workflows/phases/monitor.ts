import { CancellationScope, ParentClosePolicy, startChild, workflowInfo } from '@temporalio/workflow';
import type { ChildWorkflowHandle } from '@temporalio/workflow';
import type { OpenedRun } from '../../src/contract/activity-types';
import { beginFollowing } from '../../src/progress/follow-view';
import { captureMonitor } from '../capture-monitor';
import { childId, remember } from './children';
import type { OperatorControl } from '../operator/control';
import { stopSignal } from '../operator/messages';

/** Whoever looks after the capture of a run, from before its installation until it is gone. */
export interface Monitor {
  /** Nothing where somebody looks already, or the run captures nothing. */
  begin(run: OpenedRun): Promise<void>;
  end(): Promise<void>;
}

/**
 * The watcher outlives its root: a run that failed and waits, was kept, cancelled or terminated leaves its capture on the sources. It
 * ends by itself once the ledger says that nothing is left to watch.
 */
export function openMonitor(operator: OperatorControl): Monitor {
  let child: ChildWorkflowHandle<typeof captureMonitor> | null = null;
  return {
    begin: (run) =>
      CancellationScope.nonCancellable(async () => {
        if (child !== null || (run.capture !== 'triggers' && run.capture !== 'logical')) return;
        operator.change((view) => beginFollowing(view, run));
        const workflowId = childId(run, 'capture');
        const handle = await startChild(captureMonitor, {
          workflowId,
          parentClosePolicy: ParentClosePolicy.ABANDON,
          args: [{ ref: run.ref, parent: workflowInfo().workflowId }],
          staticSummary: `${run.plan}: capture`,
        });
        child = handle;
        const forget = (): void => {
          if (child === handle) child = null;
        };
        handle.result().then(forget, forget);
        remember(operator, 'captureMonitor', workflowId);
      }),
    end: () =>
      CancellationScope.nonCancellable(async () => {
        const handle = child;
        if (handle === null) return;
        try {
          await handle.signal(stopSignal);
        } catch {
          // it has ended by itself
        }
        await handle.result().catch(() => undefined);
      }),
  };
}
