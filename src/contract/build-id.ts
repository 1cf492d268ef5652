import { copyQueue } from './task-queues';

/** What workers of one build are called: the version of the engine and the digest of the workflow bundle, such as `0.2.0+9f31c07a`. */
export function buildIdOf(engine: string, bundleSha256: string): string {
  return `${engine}+${bundleSha256.slice(0, 8)}`;
}

/** The deployment of the workers of a task queue; Temporal takes neither dots nor colons in its name. */
export function deploymentOf(taskQueue: string): string {
  return taskQueue.replace(/[.:]/g, '-');
}

/** The queues of a fleet: each build has to poll both before it takes runs. */
export function queuesOf(taskQueue: string): readonly string[] {
  return [taskQueue, copyQueue(taskQueue)];
}

/** The queue of one build, where the server knows no versions of workers. */
export function queueOfBuild(taskQueue: string, build: string): string {
  return `${fleetOf(taskQueue)}-${build}`;
}

/** The build that a queue belongs to; null for the queue of a fleet. */
export function buildOfQueue(taskQueue: string): string | null {
  return buildQueue.exec(taskQueue)?.[2] ?? null;
}

/** The name under which a fleet is known, of its queue or of the queue of one of its builds. */
export function fleetOf(taskQueue: string): string {
  return buildQueue.exec(taskQueue)?.[1] ?? taskQueue;
}

const buildQueue = /^(.+?)-(\d+\.\d+\.\d+[^+]*\+[0-9a-f]{8})$/;

export interface KnownBuild {
  readonly build: string;
  /** When Temporal saw a worker of it first, milliseconds since 1970. */
  readonly firstSeen: number;
}

/** By the version of the engine; builds of one version by when they were first seen. What is no build of ours counts as newer. */
export function isNewer(build: KnownBuild, than: KnownBuild): boolean {
  const [one, other] = [versionOf(build.build), versionOf(than.build)];
  if (one === null || other === null) return one === null && other !== null;
  for (let at = 0; at < 3; at += 1) {
    const difference = (one.numbers[at] as number) - (other.numbers[at] as number);
    if (difference !== 0) return difference > 0;
  }
  if (one.pre !== other.pre) return one.pre === '' || (other.pre !== '' && one.pre > other.pre);
  return build.firstSeen > than.firstSeen;
}

function versionOf(build: string): { readonly numbers: readonly number[]; readonly pre: string } | null {
  const parts = /^(\d+)\.(\d+)\.(\d+)(?:-([^+]+))?\+/.exec(build);
  if (parts === null) return null;
  return { numbers: parts.slice(1, 4).map(Number), pre: parts[4] ?? '' };
}
