import type { Connection } from '@temporalio/client';
import type { KnownBuild } from '../contract/build-id';

export interface TemporalNamespace {
  readonly service: Connection['workflowService'];
  readonly namespace: string;
}

export type Deployment =
  /** The server is too old, has versions of workers switched off, or does not let us. */
  | { readonly kind: 'refused' }
  /** No worker of it has polled yet. */
  | { readonly kind: 'unknown' }
  | {
      readonly kind: 'known';
      /** The build that takes new workflows; null where none does. */
      readonly current: string | null;
      readonly builds: readonly KnownBuild[];
      /** Whoever changes the deployment says what they saw. */
      readonly token: Uint8Array;
    };

export async function readDeployment({ service, namespace }: TemporalNamespace, name: string): Promise<Deployment> {
  try {
    const { workerDeploymentInfo: info, conflictToken } = await service.describeWorkerDeployment({
      namespace,
      deploymentName: name,
    });
    return {
      kind: 'known',
      current: info?.routingConfig?.currentDeploymentVersion?.buildId ?? null,
      builds: (info?.versionSummaries ?? []).map(({ deploymentVersion, createTime }) => ({
        build: deploymentVersion?.buildId ?? '',
        firstSeen: Number(createTime?.seconds ?? 0) * 1000 + Number(createTime?.nanos ?? 0) / 1e6,
      })),
      token: conflictToken,
    };
  } catch (error) {
    const code = codeOf(error);
    if (code === grpc.notFound) return { kind: 'unknown' };
    if (code !== undefined && refusals.has(code)) return { kind: 'refused' };
    throw error;
  }
}

/** Task queues that workers of a build have polled. */
export async function queuesPolled(
  { service, namespace }: TemporalNamespace,
  deploymentName: string,
  buildId: string,
): Promise<ReadonlySet<string>> {
  const { versionTaskQueues } = await service.describeWorkerDeploymentVersion({
    namespace,
    deploymentVersion: { deploymentName, buildId },
  });
  return new Set(versionTaskQueues.map(({ name }) => name ?? ''));
}

/** 'changed': somebody else changed the deployment since `token` was read. */
export async function setCurrent(
  { service, namespace }: TemporalNamespace,
  deploymentName: string,
  buildId: string,
  conflictToken: Uint8Array,
): Promise<'done' | 'changed' | 'refused'> {
  try {
    await service.setWorkerDeploymentCurrentVersion({ namespace, deploymentName, buildId, conflictToken });
    return 'done';
  } catch (error) {
    const code = codeOf(error);
    if (code === grpc.failedPrecondition || code === grpc.aborted) return 'changed';
    if (code !== undefined && refusals.has(code)) return 'refused';
    throw error;
  }
}

const grpc = {
  invalidArgument: 3,
  notFound: 5,
  permissionDenied: 7,
  failedPrecondition: 9,
  aborted: 10,
  unimplemented: 12,
  unauthenticated: 16,
};
const refusals = new Set([grpc.invalidArgument, grpc.permissionDenied, grpc.unimplemented, grpc.unauthenticated]);

function codeOf(error: unknown): number | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === 'number' ? code : undefined;
}
