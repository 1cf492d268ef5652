import { setTimeout as sleep } from 'node:timers/promises';
import { isNewer, queuesOf } from '../contract/build-id';
import { queuesPolled, readDeployment, setCurrent, type TemporalNamespace } from './deployment';
import type { PinoLogger } from './log';
import type { Versioning } from './versioning';

const lookEveryMs = 1_000;

/**
 * Lets new runs come to this build, once workers of it poll both queues: an activity on a queue that a build has never polled would
 * go to another build. A newer build stays current unless `insist`. Goes on until that is settled or `signal` says that the worker ends.
 */
export async function becomeCurrent(
  temporal: TemporalNamespace,
  { deployment, build, taskQueue }: Versioning,
  options: { readonly insist: boolean; readonly signal: AbortSignal; readonly log: PinoLogger },
): Promise<void> {
  if (deployment === null) return;
  const { insist, signal, log } = options;
  let missing = '';
  while (!signal.aborted) {
    const outcome = await attempt().catch((error: unknown) => {
      log.debug({ kind: error instanceof Error ? error.name : typeof error }, 'the deployment could not be read');
      return 'again' as const;
    });
    if (outcome === 'settled') return;
    await sleep(lookEveryMs, undefined, { signal, ref: false }).catch(() => undefined);
  }

  async function attempt(): Promise<'settled' | 'again'> {
    const seen = await readDeployment(temporal, deployment as string);
    if (seen.kind !== 'known') return 'again';
    const own = seen.builds.find((known) => known.build === build);
    if (own === undefined) return 'again';
    if (seen.current === build) return settled('this build is current: new runs come to it');
    const polled = await queuesPolled(temporal, deployment as string, build);
    const lacking = queuesOf(taskQueue)
      .filter((queue) => !polled.has(queue))
      .join(', ');
    if (lacking !== '') {
      if (lacking !== missing)
        log.info({ build, taskQueue: lacking }, 'waits for a worker of this build there to become current');
      missing = lacking;
      return 'again';
    }
    const current = seen.builds.find((known) => known.build === seen.current);
    if (!insist && current !== undefined && isNewer(current, own))
      return settled('a newer build is current: new runs go there; --make-current would bring them here');
    const outcome = await setCurrent(temporal, deployment as string, build, seen.token);
    if (outcome === 'changed') return 'again';
    return settled(
      outcome === 'done'
        ? 'this build is current: new runs come to it'
        : 'this build may not make itself current here: an operator has to do it before new runs come to it',
    );
  }

  function settled(sentence: string): 'settled' {
    log.info({ build, deployment }, sentence);
    return 'settled';
  }
}
