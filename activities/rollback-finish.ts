import { fail } from '../src/errors/rowproof-error';
import { lockSteps, readSteps } from '../src/postgres/ledger/step';
import { countOtherRuns, deleteRun, dropLedger, lockRunEnd } from '../src/postgres/queries/rollback-finish';
import { dropTable } from '../src/postgres/queries/rollback-rows';
import { scopeTable } from '../src/postgres/queries/settle';
import { inTransaction } from '../src/postgres/transaction';
import type { StepWork } from './prepare-host';

/** One transaction: either all of the run is gone from the ledger, or none. */
export async function removeRun({ session, run }: StepWork): Promise<{ removed: boolean }> {
  return inTransaction(session, 'read write', async () => {
    await lockSteps(session, run.run);
    const end = await lockRunEnd(session, run.run);
    if (end === 'absent') return { removed: false };
    if (end === 'active') throw fail('RP7003', `Run ${run.run} has not ended`, { where: { object: run.run } });
    for (const step of await readSteps(session, run.run, 'rows_saved')) await dropTable(session, step.detail.saved);
    await dropTable(session, scopeTable(run.run));
    await deleteRun(session, run.run);
    if ((await countOtherRuns(session, run.run)) === 0) await dropLedger(session);
    return { removed: true };
  });
}
