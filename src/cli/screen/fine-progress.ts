import type { DeltaReport } from '../../contract/delta';
import type { RunStatus, TableProgress } from '../../contract/run';
import type { TemporalSession } from '../temporal';

/** Batch-exact progress from the copy children; the root shows only every twentieth. A child that is closed is left out. */
export async function fineProgress(temporal: TemporalSession, status: RunStatus): Promise<Map<string, TableProgress>> {
  const found = new Map<string, TableProgress>();
  for (const child of status.children.filter(({ kind }) => kind === 'batchCopy')) {
    try {
      const tables = await temporal.client.workflow.getHandle(child.workflowId).query<TableProgress[]>('tables');
      for (const table of tables) found.set(table.mapping, table);
    } catch {
      // closed, or between two executions
    }
  }
  return found;
}

/** The lag of this moment from the child that follows; the root hears of coarse steps only. Null when nothing follows now. */
export async function fineLag(temporal: TemporalSession, status: RunStatus): Promise<DeltaReport | null> {
  const child = status.children.findLast(({ kind }) => kind === 'delta');
  if (child === undefined || status.follow === undefined) return null;
  try {
    return await temporal.client.workflow.getHandle(child.workflowId).query<DeltaReport | null>('lag');
  } catch {
    return null;
  }
}
