import type { QuarantinedRow } from './quarantined-row';

/** What rows that are bad for the same cause share: all that the ledger keeps of each but its key and its refs. */
export type SharedFacts = Omit<QuarantinedRow, 'sourceKey' | 'refs'>;

/** A cause, as the rows on the target name it, and what the ledger keeps of rows that have it. */
export interface QuarantineCause {
  readonly name: string;
  readonly rows: number;
  readonly facts: SharedFacts;
}

export function countByClass(causes: readonly QuarantineCause[]): { quarantined: number; outOfScope: number } {
  const sums = { quarantined: 0, outOfScope: 0 };
  for (const { rows, facts } of causes) sums[facts.class === 'quarantined' ? 'quarantined' : 'outOfScope'] += rows;
  return sums;
}
