import type { Activities } from '../src/contract/activity-types';
import type { ActivityDependencies } from './dependencies';
import { createCaptureActivities } from './capture';
import { createCopyActivities } from './copy';
import { createCutoverActivities } from './cutover';
import { createDeltaActivities } from './follow';
import { createLiveProofActivities } from './live-proof';
import { openDatabases } from './dependencies';
import { createDiscoveryActivities } from './discovery';
import { createFingerprintActivities, createPrepareActivities } from './prepare';
import { createFinishActivities } from './finish';
import { createRollbackActivities } from './rollback';
import { temporalHost } from './temporal-host';
import { createRunActivities } from './run';
import { createValidationActivities } from './proof';

export type { ActivityDependencies };

type CopySide = Pick<Activities, 'copyBatch' | 'quarantineBatch' | 'proveMapping' | 'proveLive'>;

/** All activities over real databases, split by the task queue that runs them. */
export function createActivities(dependencies: ActivityDependencies): {
  control: Omit<Activities, keyof CopySide>;
  copy: CopySide;
} {
  const databases = openDatabases(dependencies);
  const host = temporalHost(databases);
  const { copyBatch, quarantineBatch, ...copyControl } = createCopyActivities(host);
  const { proveMapping, ...validation } = createValidationActivities({
    databases,
    plansFolder: dependencies.plansFolder,
  });
  return {
    control: {
      ...createRunActivities({ ...dependencies, databases }),
      ...createDiscoveryActivities(host),
      ...createFingerprintActivities({ databases }),
      ...createPrepareActivities({ databases }),
      ...copyControl,
      ...createFinishActivities({ databases }),
      ...createRollbackActivities({ databases }),
      ...createCaptureActivities(host),
      ...createDeltaActivities(host),
      ...createCutoverActivities(host, dependencies.env),
      ...validation,
    },
    copy: { copyBatch, quarantineBatch, proveMapping, ...createLiveProofActivities(host) },
  };
}
