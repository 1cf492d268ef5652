import { sumLedger } from '../../../validate/books';
import type { Session } from '../../session';
import { readLedgerBooks } from './verdict';

/**
 * Whether the books still add up after the last round, from the ledger alone: nothing is counted on the source or in the target
 * tables, so that it fits under a freeze. One sentence a contradiction.
 */
export async function booksAfterFreeze(
  session: Session,
  run: string,
  mappings: readonly string[],
): Promise<{ migrated: number; quarantined: number; problems: readonly string[] }> {
  let migrated = 0;
  let quarantined = 0;
  const problems: string[] = [];
  for (const mapping of mappings) {
    const sums = sumLedger({ mapping, ...(await readLedgerBooks(session, run, mapping)) });
    migrated += sums.migrated;
    quarantined += sums.quarantined;
    problems.push(...sums.problems);
  }
  return { migrated, quarantined, problems };
}
