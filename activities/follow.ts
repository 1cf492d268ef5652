import type { DeltaActivities } from '../src/contract/activity-types';
import { runRounds } from '../src/engine/follow/follow';
import type { Host } from '../src/engine/host';

export function createDeltaActivities(host: Host): DeltaActivities {
  return { runRounds: ({ ref, ...options }) => runRounds(host, ref, options) };
}
