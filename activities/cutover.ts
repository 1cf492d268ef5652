import type { CutoverActivities } from '../src/contract/activity-types';
import type { ActivityHost } from './host';

export function createCutoverActivities(_host: ActivityHost): CutoverActivities {
  return {
    guardTarget: () => notBuilt('guardTarget'),
    freezeSource: () => notBuilt('freezeSource'),
    checkCutover: () => notBuilt('checkCutover'),
    cutOver: () => notBuilt('cutOver'),
    openTarget: () => notBuilt('openTarget'),
    callSwitch: () => notBuilt('callSwitch'),
    listWriters: () => notBuilt('listWriters'),
  };
}

function notBuilt(name: string): Promise<never> {
  return Promise.reject(new Error(`${name} is not built yet`));
}
