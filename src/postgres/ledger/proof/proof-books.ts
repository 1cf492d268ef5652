import { sumLedger } from '../../../validate/reconciliation';
import type { Session } from '../../session';
import { readLedgerReconciliation } from './verdict';

/**
 * Whether the books still add up after the last round, from the ledger alone: nothing is counted on the source or in the target
 * tables, so that it fits under a freeze. One sentence a contradiction.
 */
export async function reconciliationAfterFreeze(
  session: Session,
  run: string,
  mappings: readonly string[],
): Promise<{ migrated: number; quarantined: number; problems: readonly string[] }> {
  let migrated = 0;
  let quarantined = 0;
  const problems: string[] = [];
  for (const mapping of mappings) {
    const sums = sumLedger({ mapping, ...(await readLedgerReconciliation(session, run, mapping)) });
    migrated += sums.migrated;
    quarantined += sums.quarantined;
    problems.push(...sums.problems);
  }
  return { migrated, quarantined, problems };
}
