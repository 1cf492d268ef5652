import type { TableReconciliation } from '../contract/run';
import type { ProofCounts } from './row';
import { badClasses } from './row';
import { agreeing, counted } from '../report/counted';

/** What was counted about one mapping, each figure by a query of its own. */
export interface MappingFacts {
  readonly mapping: string;
  readonly target: string;
  /** Counted on the source when the books close. `outOfScope`: rows that `where` leaves out. */
  readonly source: { readonly total: number; readonly outOfScope: number };
  /** Counted on the target when the books close; null once the application writes there. */
  readonly targetRows: number | null;
  /** Sums of the receipts of all batches. */
  readonly receipts: {
    readonly batches: number;
    readonly done: number;
    readonly migrated: number;
    readonly quarantined: number;
    readonly outOfScope: number;
  };
  /** Sums of what settle changed after the receipts; signed. */
  readonly adjustments: { readonly migrated: number; readonly quarantined: number; readonly outOfScope: number };
  /** Rows of the quarantine table by class. */
  readonly quarantine: { readonly quarantined: number; readonly outOfScope: number };
  /**
   * What rounds changed since the receipts, signed; null where nothing follows the source. Where they do, both counts are taken
   * at one alignment, and what `where` leaves out is known from the count alone.
   */
  readonly changes: { readonly migrated: number; readonly quarantined: number } | null;
  /** Sums over the proved slices; null when nothing was proved. */
  readonly proof: (ProofCounts & { readonly slices: number; readonly proved: number }) | null;
}

export interface ClosedReconciliation {
  readonly reconciliation: TableReconciliation;
  /** One sentence an equation that does not hold. */
  readonly problems: readonly string[];
}

const classSentences: Readonly<Record<(typeof badClasses)[number], string>> = {
  mismatch: 'different from what the plan says',
  missing: 'missing in the target',
  extraneous: 'in the target without a source row',
  duplicate: 'with a key that another row has',
  unverifiable: 'that could not be verified',
};

function proofProblems(facts: MappingFacts): string[] {
  const { proof, mapping } = facts;
  if (proof === null) return [`${mapping}: not proved`];
  const problems: string[] = [];
  if (proof.proved !== proof.slices)
    problems.push(`${mapping}: ${proof.proved} of ${counted(proof.slices, 'proof slice')} done`);
  for (const name of badClasses) {
    if (proof[name] > 0) problems.push(`${mapping}: ${counted(proof[name], 'row')} ${classSentences[name]}`);
  }
  // slices of a source that goes on changing were proved at different moments: their sums are no count of any one
  if (facts.changes !== null) return problems;
  const equations: readonly [string, number | null, string, number][] = [
    [
      'source rows in scope',
      facts.source.total - facts.source.outOfScope,
      'rows recomputed by the proof',
      proof.expected,
    ],
    ['target rows', facts.targetRows, 'target rows compared by the proof', proof.actual],
    [
      'rows in quarantine',
      facts.quarantine.quarantined + facts.quarantine.outOfScope,
      'rows that the proof found there',
      proof.decided,
    ],
  ];
  // a class that is not zero is reported above and throws these off as well
  const clean = badClasses.every((name) => proof[name] === 0);
  for (const [left, a, right, b] of equations) {
    if (a !== null && a !== b && clean) problems.push(`${mapping}: ${left} ${a} but ${right} ${b}`);
  }
  return problems;
}

/** What the ledger alone knows about a mapping. */
export type LedgerFacts = Pick<MappingFacts, 'mapping' | 'receipts' | 'adjustments' | 'quarantine' | 'changes'>;

export interface LedgerSums {
  readonly migrated: number;
  readonly quarantined: number;
  /** One sentence for each two parts of the ledger that contradict each other. */
  readonly problems: readonly string[];
}

/** Receipts, adjustments and what rounds changed, added up; without a count on either side. */
export function sumLedger({ mapping, receipts, adjustments, quarantine, changes }: LedgerFacts): LedgerSums {
  const migrated = receipts.migrated + adjustments.migrated + (changes?.migrated ?? 0);
  const quarantined = receipts.quarantined + adjustments.quarantined + (changes?.quarantined ?? 0);
  const problems: string[] = [];
  if (receipts.batches === 0) problems.push(`${mapping}: no batch was planned`);
  if (receipts.done !== receipts.batches) {
    problems.push(
      `${mapping}: ${receipts.batches - receipts.done} of ${counted(receipts.batches, 'batch')} ${agreeing(receipts.batches - receipts.done, 'has', 'have')} no receipt`,
    );
  }
  if (migrated < 0) problems.push(`${mapping}: the books say ${counted(migrated, 'migrated row')}`);
  if (quarantine.quarantined !== quarantined) {
    problems.push(
      `${mapping}: the quarantine has ${counted(quarantine.quarantined, 'row')}, the receipts say ${quarantined}`,
    );
  }
  return { migrated, quarantined, problems };
}

/**
 * The equations of one mapping: source = out of scope + quarantined + migrated by receipts and adjustments, each side
 * against an independent count. `unexplained` is what is left of the source.
 */
export function closeReconciliation(facts: MappingFacts): ClosedReconciliation {
  const { reconciliation, problems } = closeCounts(facts);
  return {
    reconciliation: { ...reconciliation, target: facts.target },
    problems: [...problems, ...proofProblems(facts)],
  };
}

/** The equations of one mapping without its proof: what counts of both sides contradict, one sentence each. */
export function countedProblems(facts: CountedFacts): readonly string[] {
  return closeCounts(facts).problems;
}

export type CountedFacts = Omit<MappingFacts, 'target' | 'proof'>;

function closeCounts(facts: CountedFacts): { reconciliation: Omit<TableReconciliation, 'target'>; problems: string[] } {
  const { receipts, adjustments, mapping } = facts;
  const { migrated, quarantined, problems: ledger } = sumLedger(facts);
  const byCount = facts.source.outOfScope + facts.quarantine.outOfScope;
  const outOfScope = facts.changes === null ? receipts.outOfScope + adjustments.outOfScope : byCount;
  const unexplained = facts.source.total - outOfScope - quarantined - migrated;
  const problems = [...ledger];
  if (unexplained !== 0) problems.push(`${mapping}: ${counted(Math.abs(unexplained), 'row')} unexplained`);
  if (facts.targetRows !== null && facts.targetRows !== migrated) {
    problems.push(`${mapping}: the target has ${counted(facts.targetRows, 'row')}, the receipts say ${migrated}`);
  }
  if (byCount !== outOfScope) {
    problems.push(`${mapping}: ${counted(byCount, 'row')} out of scope by count, ${outOfScope} by receipts`);
  }
  return {
    reconciliation: {
      mapping,
      source: facts.source.total,
      migrated,
      quarantined,
      outOfScope,
      unexplained,
    },
    problems,
  };
}
