import { driverState } from '../driver-state';
import { locateRun } from '../locate-run';
import type { CommandResult, Terminal } from '../terminal';
import { refusedAfterEnd } from '../refusals';
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
    const handle = temporal.client.workflow.getHandle(record.workflowId);
    const state = await driverState(temporal, handle);
    if (state.kind === 'absent') throw await refusedAfterEnd(terminal, record);
    const { taskQueue } = await handle.describe();
    return await watchToEnd(terminal, temporal, handle, { ...record, taskQueue }, true);
  } finally {
    await temporal.close();
  }
}
