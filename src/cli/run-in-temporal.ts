import { runMemo, type RunMemo } from '../contract/run-memo';
import { fail } from '../errors/rowproof-error';
import type { RunRecord } from './run-record';
import type { Terminal } from './terminal';
import { connectTemporal, type TemporalSession } from './temporal';

/** Executions that are looked through for a run. */
const maxLookedAt = 2_000;

interface Found {
  readonly memo: RunMemo;
  readonly workflowId: string;
  readonly taskQueue: string;
  readonly startedAt: Date;
  readonly isOpen: boolean;
}

/** A run that was started from another folder or in the UI, by what its workflow carries; null where Temporal does not know it. */
export async function findInTemporal(terminal: Terminal, run: string): Promise<RunRecord | null> {
  let temporal: TemporalSession;
  try {
    temporal = await connectTemporal(terminal, { start: false });
  } catch {
    return null;
  }
  try {
    return recordOf(run, await driversOf(temporal, run));
  } finally {
    await temporal.close();
  }
}

async function driversOf({ client }: TemporalSession, run: string): Promise<Found[]> {
  const found: Found[] = [];
  let looked = 0;
  for await (const execution of client.workflow.list({ query: `WorkflowType = 'migration'` })) {
    looked += 1;
    if (looked > maxLookedAt) break;
    const memo = runMemo.safeParse(execution.memo);
    if (!memo.success || memo.data.run !== run) continue;
    found.push({
      memo: memo.data,
      workflowId: execution.workflowId,
      taskQueue: execution.taskQueue,
      startedAt: execution.startTime,
      isOpen: execution.status.name === 'RUNNING',
    });
  }
  return found;
}

/** The execution that drives the run, or drove it last. RP4010 where ledgers have runs of that name. */
function recordOf(run: string, found: readonly Found[]): RunRecord | null {
  const identities = new Set(found.map(({ memo }) => memo.identity));
  if (identities.size > 1) {
    const ledgers = [...new Set(found.map(({ memo }) => memo.ledger))];
    throw fail('RP4010', `${identities.size} runs are called ${run}: their ledgers are ${ledgers.join(' and ')}.`);
  }
  const [last] = [...found].sort(
    (a, b) => Number(b.isOpen) - Number(a.isOpen) || b.startedAt.getTime() - a.startedAt.getTime(),
  );
  if (last === undefined) return null;
  const { memo, workflowId, taskQueue, startedAt } = last;
  return {
    run,
    plan: memo.plan,
    code: memo.code,
    ledger: memo.ledger,
    workflowId,
    plansFolder: null,
    taskQueue,
    startedAt: startedAt.toISOString(),
    workerPid: null,
  };
}
