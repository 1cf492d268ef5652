import { Context } from '@temporalio/activity';
import type { Host } from '../src/engine/host';

/** The host of a worker: signal, heartbeat and what the last attempt said are those of the activity that runs. */
export function temporalHost(from: Pick<Host, 'databases' | 'plansFolder' | 'fault'>): Host {
  return {
    ...from,
    signal: () => Context.current().cancellationSignal,
    heartbeat: (details) => Context.current().heartbeat(details),
    lastHeartbeat: () => Context.current().info.heartbeatDetails,
  };
}
