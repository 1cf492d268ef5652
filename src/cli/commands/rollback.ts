import { randomUUID } from 'node:crypto';
import { WorkflowFailedError } from '@temporalio/client';
import type { RollbackResult } from '../../contract/run';
import { fail } from '../../errors/rowproof-error';
import { sentenceOf } from '../../progress/failure-sentence';
import { ensureWorker } from '../local-worker';
import { locateRun, withLedger } from '../locate-run';
import type { CommandResult, Terminal } from '../terminal';
import { connectTemporal, uiLink } from '../temporal';
import type { Person } from './operate';

/** Undoes a run from its ledger, also after its workflow was terminated; refuses while its workflow is open. */
export async function rollback(terminal: Terminal, run: string | undefined, options: Person): Promise<CommandResult> {
  const record = await locateRun(terminal, run, options);
  const temporal = await connectTemporal(terminal, { start: true });
  try {
    const { workflowIsOpen } = await import('../../worker/workflow-state');
    if (await workflowIsOpen(temporal.client, record.workflowId)) {
      throw fail('RP4202', `${record.run} is running.`, {
        fix: `Abort it first: rowproof abort ${record.run} --then rollback --by YOU --reason WHY`,
      });
    }
    // A worker that we start has our environment: what it cannot reach or find we say here, not after its retries.
    if (temporal.local) {
      const { loadRunSummary } = await import('../../postgres/ledger/run');
      await withLedger(terminal, record, 'rollback', (session) => loadRunSummary(session, record.run));
    }
    const worker = await ensureWorker(terminal, temporal, record.plansFolder ?? terminal.cwd);
    const handle = await temporal.client.workflow.start('rollback', {
      workflowId: `${record.run}-rollback-${randomUUID()}`,
      taskQueue: worker.taskQueue,
      args: [{ run: record.run, ledger: record.ledger, by: options.by, reason: options.reason }],
      staticSummary: `${record.plan}: undo`,
    });
    terminal.talk(`Rolling back ${record.run}: ${uiLink(temporal, handle.workflowId) ?? handle.workflowId}`);
    try {
      const result = (await handle.result()) as RollbackResult;
      return { data: result, text: `${record.run}  ${result.verdict}` };
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw error;
      throw fail('RP7010', sentenceOf(error.cause ?? error), { cause: error });
    }
  } finally {
    await temporal.close();
  }
}
