import { fail } from '../errors/rowproof-error';
import { defaultTaskQueue } from '../contract/task-queues';
import type { Databases } from '../postgres/databases';
import type { RunRef } from '../contract/run';
import type { Session } from '../postgres/session';
import { quoted } from '../progress/commands';
import { planArgument } from './plan-argument';
import { knownHere, recallRun, type RunRecord } from './run-record';
import type { Terminal } from './terminal';

/**
 * RUN from this folder's records (default: the latest), from its workflow where it was started elsewhere, or from the ledger of
 * `--plan FILE`; commands that are printed from then on name that plan.
 */
export async function locateRun(
  terminal: Terminal,
  run: string | undefined,
  options: { plan?: string },
): Promise<RunRecord> {
  if (options.plan === undefined) {
    if (run === undefined || knownHere(terminal.cwd, run)) return recallRun(terminal.cwd, run);
    const { findInTemporal } = await import('./run-in-temporal');
    return (await findInTemporal(terminal, run)) ?? recallRun(terminal.cwd, run);
  }
  const file = planArgument(terminal.cwd, options.plan);
  terminal.found.plan = file.file;
  const { parsePlan } = await import('../plan/parse-plan');
  const { connectionsOf } = await import('../plan/resolve/connections');
  const { ledgerOf, withSession } = await import('../engine/run/read-plan');
  const { latestRun, loadRunSummary } = await import('../postgres/ledger/run/run');
  const { RowproofError } = await import('../errors/rowproof-error');
  const { plan, problems } = parsePlan(file.text, file.file);
  if (plan === null) throw new RowproofError(problems);
  return withSession(connectionsOf(plan).target, terminal.env, 'locate run', async (session) => {
    const id = run ?? (await latestRun(session, plan.name));
    if (id === null) {
      throw fail('RP4012', `Plan ${plan.name} has no run yet.`, {
        fix: `Start one: \`rowproof run ${quoted(file.file)}\`.`,
      });
    }
    const found = await loadRunSummary(session, id);
    return {
      run: id,
      plan: plan.name,
      code: `${found.digest.slice(0, 4)}-${found.digest.slice(4, 8)}`,
      ledger: ledgerOf(connectionsOf(plan).target, plan.name),
      workflowId: found.workflowId ?? id,
      plansFolder: file.folder,
      taskQueue: terminal.env['ROWPROOF_TASK_QUEUE'] ?? defaultTaskQueue,
      startedAt: found.openedAt,
      workerPid: null,
    };
  });
}

/** Databases and the ledger session of a located run, for commands that read it themselves. */
export async function withLedger<T>(
  terminal: Terminal,
  record: RunRecord,
  purpose: string,
  work: (session: Session, ref: RunRef, databases: Databases) => Promise<T>,
): Promise<T> {
  const { openDatabases } = await import('../engine/open-databases');
  const { loadRunSummary } = await import('../postgres/ledger/run/run');
  const databases = openDatabases({ env: terminal.env, plansFolder: record.plansFolder });
  const ref = { run: record.run, ledger: record.ledger };
  const session = await databases.ledger(ref, purpose);
  try {
    // one that was finished is no table that is missing
    await loadRunSummary(session, record.run);
    return await work(session, ref, databases);
  } finally {
    await session.close();
  }
}
