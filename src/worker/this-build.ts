import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildIdOf } from '../contract/build-id';
import { engineVersion } from '../contract/version';

/** The bundle that `npm run build` makes of workflows/. */
export const workflowBundlePath = join(__dirname, '..', '..', 'workflow-bundle.js');

let known: string | undefined;

/** The build id of this program. */
export function thisBuild(): string {
  known ??= buildIdOf(engineVersion, createHash('sha256').update(readFileSync(workflowBundlePath)).digest('hex'));
  return known;
}
