import { createHmac } from 'node:crypto';
import { identifier } from '../../../sql/quote';
import type { LoadedRun } from '../../ledger/run/run';

/**
 * What everything of a run on a source is named after: short, `[a-z0-9_]` only (fit for tables and for slots), and another
 * one for another ledger's run of the same id, since the secret differs. With `source` the name of that source's capture, which begins
 * with the run's: two sources of a plan may be one database.
 */
export function captureName(run: Pick<LoadedRun, 'run' | 'secret'>, source?: string): string {
  const readable = run.run.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_');
  const digest = (text: string): string => createHmac('sha256', run.secret).update(text).digest('hex');
  // the end holds the number of the run
  const name = `${readable.slice(-24).replace(/^_+/, '')}_${digest(`capture ${run.run}`).slice(0, 8)}`;
  return source === undefined ? name : `${name}_${digest(`source ${source}`).slice(0, 4)}`;
}

/** The change table of a capture, ready for SQL. */
export function changeTable(name: string): string {
  return `rowproof.${identifier(changeTableName(name))}`;
}

export function changeTableName(name: string): string {
  return `change_${name}`;
}

/** The table beside a change table that says how far it was purged. */
export function purgeTable(name: string): string {
  return `rowproof.${identifier(`purged_${name}`)}`;
}
