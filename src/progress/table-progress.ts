import type { TableProgress } from '../contract/run';

/**
 * How many times a table is reported to the root besides its beginning and its end. Each report is about four events of
 * the root's history, of which all tables together may have 600 however many there are; below 0 only ends are told, so many at a time.
 */
export function reportSteps(tables: number): number {
  const share = Math.floor(150 / tables) - 2;
  return share < 0 ? -Math.ceil(tables / 100) : Math.min(20, share);
}

/** Whether the root's page should change: a new state, or another step of the batches. */
export function worthShowing(shown: TableProgress | undefined, now: TableProgress, steps: number): boolean {
  if (steps < 0) return now.state === 'done' && shown?.state !== 'done';
  if (shown === undefined || shown.state !== now.state) return true;
  return step(shown, steps) !== step(now, steps);
}

function step(table: TableProgress, steps: number): number {
  return table.batches === 0 ? 0 : Math.floor((steps * table.batchesDone) / table.batches);
}
