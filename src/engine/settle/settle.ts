import type { FinishActivities, SettledTable } from '../../contract/activity-types';
import type { RunRef } from '../../contract/run';
import { readApplyLease } from '../../postgres/ledger/follow/apply-lease';
import { align } from '../follow/align';
import { settleFollowed } from '../settle/settle-followed';
import { settleTarget } from '../settle/settle-run';
import { onTarget, type TargetWork } from '../target-work';
import { readLedgerReconciliation } from '../../postgres/ledger/proof/verdict';
import { sumLedger } from '../../validate/reconciliation';
import type { Host } from '../host';

/** What the ledger says of each table by now, for the page of the run. */
async function settledTables({ session, run, mappings }: TargetWork): Promise<SettledTable[]> {
  const tables: SettledTable[] = [];
  for (const { name } of mappings) {
    const reconciliation = await readLedgerReconciliation(session, run.run, name);
    const { migrated, quarantined } = sumLedger({ mapping: name, ...reconciliation });
    const outOfScope = reconciliation.receipts.outOfScope + reconciliation.adjustments.outOfScope;
    tables.push({ mapping: name, migrated, quarantined, outOfScope });
  }
  return tables;
}

/** Enforces what concerns several rows: unique keys and references, to a fixpoint. May be repeated at any point. */
export function settle(host: Host, ref: RunRef): ReturnType<FinishActivities['settle']> {
  return onTarget(host, ref, 'settle', async (work) => {
    const aligning = { databases: host.databases, signal: () => work.signal, heartbeat: () => work.heartbeat() };
    const settled =
      (await readApplyLease(work.session, work.run.run, 'delta')) === null
        ? await settleTarget(host, work)
        : await settleFollowed(host, work, () => align(aligning, ref, 'settle'));
    return { ...settled, reconciliation: await settledTables(work) };
  });
}
