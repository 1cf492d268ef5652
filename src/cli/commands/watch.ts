import { locateRun } from '../locate-run';
import type { CommandResult, Terminal } from '../terminal';
import { connectTemporal } from '../temporal';
import { watchToEnd } from './run';

/** Comes back to a run: shows it live until it ends. */
export async function watch(
  terminal: Terminal,
  run: string | undefined,
  options: { plan?: string },
): Promise<CommandResult> {
  const record = await locateRun(terminal, run, options);
  const temporal = await connectTemporal(terminal, { start: false });
  try {
    return await watchToEnd(terminal, temporal, temporal.client.workflow.getHandle(record.workflowId), record);
  } finally {
    await temporal.close();
  }
}
