import { randomUUID } from 'node:crypto';
import { WorkflowFailedError } from '@temporalio/client';
import type { RollbackResult } from '../../contract/run';
import { catalogue, type ErrorCode } from '../../errors/catalogue';
import { fail } from '../../errors/rowproof-error';
import { codeOf, sentenceOf } from '../../progress/failure-sentence';
import { wayFix } from '../../progress/ways-out';
import { ensureWorker } from '../local-worker';
import { locateRun, withLedger } from '../locate-run';
import { refuseOpen, waysOn } from '../refusals';
import type { RunRecord } from '../run-record';
import type { CommandResult, Terminal } from '../terminal';
import { connectTemporal, uiLink } from '../temporal';
import type { Person } from './operate';
import type { RunEnd } from '../../progress/ways-out';
import { isRunNotFound } from '../../errors/error-kinds';

/** Undoes a run from its ledger, also after its workflow was terminated; refuses while its workflow is open. */
export async function rollback(terminal: Terminal, run: string | undefined, options: Person): Promise<CommandResult> {
  const record = await locateRun(terminal, run, options);
  const temporal = await connectTemporal(terminal, { start: true });
  try {
    await refuseOpen(temporal, record);
    // A worker that we start has our environment: what it cannot reach or find we say here, not after its retries.
    await refuseOpened(terminal, record, temporal.local);
    const worker = await ensureWorker(terminal, temporal, record.plansFolder ?? terminal.cwd, {
      queue: record.taskQueue,
    });
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
      const code = codeOf(error.cause ?? error);
      if (code in catalogue) throw fail(code as ErrorCode, sentenceOf(error.cause ?? error), { cause: error });
      const fix = await waysOn(terminal, record);
      throw fail('RP7010', sentenceOf(error.cause ?? error), { ...(fix === null ? {} : { fix }), cause: error });
    }
  } finally {
    await temporal.close();
  }
}

/** A worker elsewhere may reach what we do not; what we do see is said at once, with what leads on. */
async function refuseOpened(terminal: Terminal, record: RunRecord, insist: boolean): Promise<void> {
  const { readRunEnd } = await import('../../postgres/ledger/run/run-end');
  let end: RunEnd;
  try {
    end = await withLedger(terminal, record, 'rollback', (session) => readRunEnd(session, record.run));
  } catch (error) {
    if (insist || isRunNotFound(error)) throw error;
    return;
  }
  if (!end.opened) return;
  throw fail('RP7007', `The target of ${record.run} is open since its cutover.`, { fix: wayFix(end) });
}
