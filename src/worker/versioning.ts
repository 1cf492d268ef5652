import type { WorkerOptions } from '@temporalio/worker';
import { deploymentOf, queueOfBuild } from '../contract/build-id';
import { readDeployment, type TemporalNamespace } from './deployment';
import { thisBuild } from './this-build';

/** How runs stay with the build that began them. */
export interface Versioning {
  /** The queue that is polled for workflows. */
  readonly taskQueue: string;
  readonly build: string;
  /** Worker Versioning: Temporal pins each workflow to its build. Null where a queue belongs to one build. */
  readonly deployment: string | null;
}

/**
 * Worker Versioning where the server permits it, else a queue for each build. `unversioned`: the queue is polled as it is, because it
 * belongs to one build already.
 */
export async function versioningOf(
  temporal: TemporalNamespace,
  taskQueue: string,
  unversioned: boolean,
): Promise<Versioning> {
  const build = thisBuild();
  if (unversioned) return { taskQueue, build, deployment: null };
  const deployment = deploymentOf(taskQueue);
  const { kind } = await readDeployment(temporal, deployment);
  return kind === 'refused'
    ? { taskQueue: queueOfBuild(taskQueue, build), build, deployment: null }
    : { taskQueue, build, deployment };
}

/** Every workflow is pinned: children and what continues as new follow theirs. */
export function deploymentOptions({ deployment, build }: Versioning): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  if (deployment === null) return {};
  return {
    workerDeploymentOptions: {
      useWorkerVersioning: true,
      version: { deploymentName: deployment, buildId: build },
      defaultVersioningBehavior: 'PINNED',
    },
  };
}
