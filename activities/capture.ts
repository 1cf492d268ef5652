import type { CaptureActivities } from '../src/contract/activity-types';
import type { ActivityHost } from './host';

export function createCaptureActivities(_host: ActivityHost): CaptureActivities {
  return {
    installCapture: () => notBuilt('installCapture'),
    removeCapture: () => notBuilt('removeCapture'),
    watchCapture: () => notBuilt('watchCapture'),
    resyncCapture: () => notBuilt('resyncCapture'),
  };
}

function notBuilt(name: string): Promise<never> {
  return Promise.reject(new Error(`${name} is not built yet`));
}
