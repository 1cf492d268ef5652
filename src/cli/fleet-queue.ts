import { setTimeout as sleep } from 'node:timers/promises';
import { deploymentOf, fleetOf, queueOfBuild, queuesOf } from '../contract/build-id';
import { fail } from '../errors/rowproof-error';
import { makeCurrent, worker } from '../progress/commands';
import { queuesPolled, readDeployment, type Deployment } from '../worker/deployment';
import { thisBuild } from '../worker/this-build';
import { namespaceOf, buildsPolling, type TemporalSession } from './temporal';

/** Where new runs of a fleet go, and what a person has to know of it. */
export interface FleetQueue {
  readonly taskQueue: string;
  /** Why a run waits there for now; null where somebody takes it at once. */
  readonly waits: string | null;
}

/** A build that has just been started says within seconds whether it is current. */
const patienceMs = 15_000;

/**
 * The queue of a fleet on a configured Temporal: of all its builds, of which the current one takes new runs, or of this build where the
 * server knows no versions of workers. RP4220 where builds poll and none of them is current: nobody would ever take the run.
 */
export async function fleetQueue(
  temporal: TemporalSession,
  fleet: string,
  plansFolder: string | null,
): Promise<FleetQueue> {
  const deployment = await settledDeployment(temporal, fleet);
  const taskQueue = deployment.kind === 'refused' ? queueOfBuild(fleet, thisBuild()) : fleetOf(fleet);
  const current = deployment.kind === 'known' ? deployment.current : null;
  const polling = await buildsPolling(temporal, taskQueue);
  if (polling.has(current)) return { taskQueue, waits: null };
  if (deployment.kind === 'known' && current === null)
    throw await noneIsCurrent(temporal, taskQueue, deployment, plansFolder);
  const who = current === null ? 'No worker' : `Build ${current} is current, and no worker of it`;
  return {
    taskQueue,
    waits: `${who} polls task queue ${taskQueue} on ${temporal.address} (RP4205): the run waits until a worker does. Start one with:  ${
      current === null || current === thisBuild()
        ? worker(fleetOf(fleet), plansFolder)
        : makeCurrent(fleetOf(fleet), plansFolder)
    }`,
  };
}

async function settledDeployment(temporal: TemporalSession, fleet: string): Promise<Deployment> {
  const name = deploymentOf(fleetOf(fleet));
  for (const began = Date.now(); ; await sleep(500)) {
    const seen = await readDeployment(namespaceOf(temporal), name);
    if (seen.kind !== 'known' || seen.current !== null || Date.now() - began > patienceMs) return seen;
  }
}

async function noneIsCurrent(
  temporal: TemporalSession,
  fleet: string,
  { builds }: Extract<Deployment, { kind: 'known' }>,
  plansFolder: string | null,
): Promise<Error> {
  const name = deploymentOf(fleet);
  const each = await Promise.all(
    builds.map(async ({ build }) => {
      const polled = await queuesPolled(namespaceOf(temporal), name, build);
      const lacking = queuesOf(fleet).filter((queue) => !polled.has(queue));
      return lacking.length === 0 ? build : `${build} (no worker of it on ${lacking.join(', ')})`;
    }),
  );
  return fail(
    'RP4220',
    `No build of deployment ${name} is current, so no worker would take a new run: ${each.join(', ')}.`,
    {
      fix: `Start workers of both roles; the first of them with \`${makeCurrent(fleet, plansFolder)}\`.`,
    },
  );
}
