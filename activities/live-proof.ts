import type { LiveProofActivities } from '../src/contract/activity-types';
import type { ActivityHost } from './host';

export function createLiveProofActivities(_host: ActivityHost): LiveProofActivities {
  return {
    proveLive: () => notBuilt('proveLive'),
  };
}

function notBuilt(name: string): Promise<never> {
  return Promise.reject(new Error(`${name} is not built yet`));
}
