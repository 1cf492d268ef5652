import type { TableProgress } from '../contract/run';

/** Whether the root's page should change: a new state, or another 5 % of the batches. Keeps the root's history short. */
export function worthShowing(shown: TableProgress | undefined, now: TableProgress): boolean {
  if (shown === undefined || shown.state !== now.state) return true;
  return twentieth(shown) !== twentieth(now);
}

function twentieth(table: TableProgress): number {
  return table.batches === 0 ? 0 : Math.floor((20 * table.batchesDone) / table.batches);
}
