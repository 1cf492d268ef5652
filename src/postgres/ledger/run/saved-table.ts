import { createHash } from 'node:crypto';

/** Table of schema rowproof for the rows of one target table from before a run: short enough for any run and mapping name. */
export function savedTableName(run: string, mapping: string): string {
  return `saved_${createHash('sha256')
    .update(JSON.stringify([run, mapping]))
    .digest('hex')
    .slice(0, 24)}`;
}
