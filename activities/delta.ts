import type { DeltaActivities } from '../src/contract/activity-types';
import type { ActivityHost } from './host';

export function createDeltaActivities(_host: ActivityHost): DeltaActivities {
  return {
    runRounds: () => notBuilt('runRounds'),
  };
}

function notBuilt(name: string): Promise<never> {
  return Promise.reject(new Error(`${name} is not built yet`));
}
