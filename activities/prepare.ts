import type { PrepareActivities } from '../src/contract/activity-types';
import type { Host } from '../src/engine/host';
import { prepareTarget } from '../src/engine/prepare/prepare-target';

export function createPrepareActivities(host: Host): Pick<PrepareActivities, 'prepareTarget'> {
  return { prepareTarget: (ref) => prepareTarget(host, ref) };
}
