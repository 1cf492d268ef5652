import { Context } from '@temporalio/activity';
import type { StallReport } from '../src/contract/batch-copy';
import type { Host } from '../src/engine/host';

/** The host of a worker: signal, heartbeat and what the last attempt said are those of the activity that runs. */
export function temporalHost(from: Pick<Host, 'databases' | 'plansFolder' | 'fault'>): Host {
  return {
    ...from,
    signal: () => Context.current().cancellationSignal,
    heartbeat: (details) => Context.current().heartbeat(details),
    reportStall: boundedReports(async (workflowId, stalled) => {
      await Context.current().client.workflow.getHandle(workflowId).signal('progress', { stalled });
    }),
    lastHeartbeat: () => Context.current().info.heartbeatDetails,
  };
}

/** Reports of a run that are sent at once; after these one in half an hour, because each is an event of its root. */
const sentAtOnce = 50;
const backoffMs = 1_800_000;

/** That work moves again is said of what was said not to. */
function boundedReports(
  send: (workflowId: string, report: StallReport) => Promise<void>,
): NonNullable<Host['reportStall']> {
  const runs = new Map<string, { sent: number; at: number; shown: Set<string> }>();
  return async ({ run, ledger }, workflowId, report) => {
    if (workflowId === null) return;
    const key = JSON.stringify([ledger, run]);
    const known = runs.get(key) ?? { sent: 0, at: 0, shown: new Set<string>() };
    runs.set(key, known);
    if (report.sentence === null) {
      if (known.shown.delete(report.what)) await send(workflowId, report);
      return;
    }
    if (known.sent >= sentAtOnce && performance.now() - known.at < backoffMs) return;
    known.sent += 1;
    known.at = performance.now();
    known.shown.add(report.what);
    await send(workflowId, report);
  };
}
