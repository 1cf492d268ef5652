import type { CaptureActivities } from '../src/contract/activity-types';
import { installCapture, removeCapture, resyncCapture } from '../src/engine/capture/install-capture';
import { monitorCapture } from '../src/engine/capture/monitor-capture';
import type { Host } from '../src/engine/host';

/** Installing, watching, repairing and removing the capture of changes, whichever way the plan captures. */
export function createCaptureActivities(host: Host): CaptureActivities {
  return {
    installCapture: (ref) => installCapture(host, ref),
    removeCapture: (ref) => removeCapture(host, ref),
    monitorCapture: ({ ref, watcher }) => monitorCapture(host, ref, watcher ?? null),
    resyncCapture: ({ ref, by, reason }) => resyncCapture(host, ref, by, reason),
  };
}
