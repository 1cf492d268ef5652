import type { RunStatus, TableProgress } from '../contract/run';
import type { TemporalSession } from './temporal';

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
