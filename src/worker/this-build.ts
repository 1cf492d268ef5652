import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildIdOf } from '../contract/build-id';
import { engineVersion } from '../contract/version';
import { codecIsOn } from './codec/load-codec';

/**
 * The bundle that `npm run build` makes of workflows/. With a payload codec it is the one that encodes failures: a build of its own, so that no
 * run meets workers with a codec and such without.
 */
export function workflowBundlePath(env: NodeJS.ProcessEnv = process.env): string {
  return join(__dirname, '..', '..', codecIsOn(env) ? 'workflow-bundle-encoded.js' : 'workflow-bundle.js');
}

let known: string | undefined;

/** The build id of this program. */
export function thisBuild(): string {
  known ??= buildIdOf(engineVersion, createHash('sha256').update(readFileSync(workflowBundlePath())).digest('hex'));
  return known;
}
