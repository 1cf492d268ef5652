import { fail } from '../../errors/rowproof-error';
import { locateRun, withLedger } from '../locate-run';
import type { CommandResult, Terminal } from '../terminal';
import { connectTemporal } from '../temporal';

/** Removes what a run left behind (the freeze on its sources, the ledger) except the id map; after this there is no way back and no report. */
export async function finish(
  terminal: Terminal,
  run: string | undefined,
  options: { plan?: string },
): Promise<CommandResult> {
  const record = await locateRun(terminal, run, options);
  if (await isOpen(terminal, record.workflowId))
    throw fail('RP4202', `${record.run} is running.`, { fix: 'Wait for its end, or abort it first.' });
  const { createRollbackActivities } = await import('../../../activities/rollback');
  const { left } = await withLedger(terminal, record, 'finish', (_, ref, databases) =>
    createRollbackActivities({ databases }).finishRun(ref),
  );
  const ledger =
    left.length === 0
      ? 'the ledger is gone from the target'
      : `what the ledger held of it is gone; the ledger stays for ${left.join(', ')}`;
  return {
    data: { run: record.run, finished: true, left },
    text: `${record.run} is finished: ${ledger}. Sources that it froze take writes again. Its id map stays in rowproof.id_map. There is no way back any more.`,
  };
}

async function isOpen(terminal: Terminal, workflowId: string): Promise<boolean> {
  const { workflowIsOpen } = await import('../../worker/workflow-state');
  let temporal;
  try {
    temporal = await connectTemporal(terminal, { start: false });
  } catch {
    return false; // finishRun itself refuses a run that the ledger shows as active
  }
  try {
    return await workflowIsOpen(temporal.client, workflowId);
  } finally {
    await temporal.close();
  }
}
