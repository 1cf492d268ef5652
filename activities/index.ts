import type { Activities } from '../src/contract/activity-types';
import type { Fault } from '../src/engine/fault-injection';
import { openDatabases } from '../src/engine/open-databases';
import type { RunHost } from '../src/engine/run/run';
import { createCaptureActivities } from './capture';
import { createCopyActivities } from './copy';
import { createCutoverActivities } from './cutover';
import { createDiscoveryActivities } from './discovery';
import { createFinishActivities } from './finish';
import { createDeltaActivities } from './follow';
import { createPrepareActivities } from './prepare';
import { createLiveProofActivities, createValidationActivities } from './proof';
import { createRollbackActivities } from './rollback';
import { createRunActivities } from './run';
import { temporalHost } from './temporal-host';

/** What the activities of one worker are made from. */
export type ActivityDependencies = Pick<RunHost, 'env' | 'workflowIsOpen' | 'searchAttributes' | 'log'> & {
  readonly plansFolder: string | null;
  /** Only the stress test names one. */
  readonly fault?: Fault | null;
};

type CopySide = Pick<Activities, 'copyBatch' | 'quarantineBatch' | 'proveMapping' | 'proveLive'>;

/** All activities over real databases, split by the task queue that runs them. */
export function createActivities(dependencies: ActivityDependencies): {
  control: Omit<Activities, keyof CopySide>;
  copy: CopySide;
} {
  const { plansFolder, fault = null } = dependencies;
  const host = temporalHost({ databases: openDatabases(dependencies), plansFolder, fault });
  const { copyBatch, quarantineBatch, ...copyControl } = createCopyActivities(host);
  const { proveMapping, ...validation } = createValidationActivities(host);
  return {
    control: {
      ...createRunActivities({ ...dependencies, ...host }),
      ...createDiscoveryActivities(host),
      ...createPrepareActivities(host),
      ...copyControl,
      ...createFinishActivities(host),
      ...createRollbackActivities(host),
      ...createCaptureActivities(host),
      ...createDeltaActivities(host),
      ...createCutoverActivities(host, dependencies.env),
      ...validation,
    },
    copy: { copyBatch, quarantineBatch, proveMapping, ...createLiveProofActivities(host) },
  };
}
