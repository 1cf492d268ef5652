import type { ReportDocument } from '../../../src/contract/report';

/** What a test counted by itself, for one table of a report. */
export interface CountedTable {
  readonly mapping: string;
  /** Rows of the source, rows of it that its `where` leaves out, rows of the target. */
  readonly source: number;
  readonly outOfScope: number;
  readonly target: number;
  /** What the ledger says that rounds changed. */
  readonly rounds: { readonly migrated: number; readonly quarantined: number };
}

/** Each equation of a report that does not hold, as a sentence: none where its tables add up, and say what was counted. */
export function wrongSums(report: ReportDocument, counted: readonly CountedTable[]): string[] {
  const wrong: string[] = [];
  const same = (what: string, stated: number, parts: number): void => {
    if (stated !== parts) wrong.push(`${what}: ${stated} is stated, ${parts} comes of it`);
  };
  const sum = <T>(rows: readonly T[], of: (row: T) => number): number => rows.reduce((all, row) => all + of(row), 0);
  same('tables', report.reconciliation.length, counted.length);
  for (const { mapping, source, outOfScope, target, rounds: followed } of counted) {
    const of = <T extends { readonly mapping: string | null }>(rows: readonly T[]): T[] =>
      rows.filter((row) => row.mapping === mapping);
    const [reconciliation] = of(report.reconciliation);
    const [origins] = of(report.origins);
    const [batches] = of(report.batches);
    const [proof] = of(report.proof);
    if (reconciliation === undefined || origins === undefined || batches === undefined || proof === undefined) {
      wrong.push(`${mapping}: books, origins, batches or proof are missing`);
      continue;
    }
    same(`${mapping}, source`, reconciliation.source, source);
    same(`${mapping}, out of scope`, reconciliation.outOfScope, outOfScope);
    same(`${mapping}, migrated`, reconciliation.migrated, target);
    same(`${mapping}, unexplained`, reconciliation.unexplained, 0);
    same(
      `${mapping}, row of the books`,
      reconciliation.source,
      reconciliation.outOfScope + reconciliation.quarantined + reconciliation.migrated,
    );
    for (const figure of ['migrated', 'quarantined'] as const) {
      const { batches: copied, settling, rounds, reconciliation: stated } = origins[figure];
      same(`${mapping}, where ${figure} come from`, stated, copied + settling + rounds);
      same(`${mapping}, ${figure} in books and origins`, reconciliation[figure], stated);
      same(`${mapping}, ${figure} in batches and origins`, batches[figure], copied);
      same(`${mapping}, ${figure} by rounds`, rounds, followed[figure]);
      same(
        `${mapping}, ${figure} by settling`,
        settling,
        sum(of(report.adjustments), (row) => row[figure]),
      );
    }
    const quarantine = of(report.quarantine);
    const kept = quarantine.filter((row) => row.class === 'quarantined');
    same(
      `${mapping}, quarantine by reason`,
      reconciliation.quarantined,
      sum(kept, ({ rows }) => rows),
    );
    same(
      `${mapping}, proved rows and those since`,
      reconciliation.source - reconciliation.outOfScope,
      proof.rows + (proof.since ?? NaN),
    );
    const classes = proof.identical + proof.decided + proof.mismatch + proof.missing + proof.unverifiable;
    same(`${mapping}, proved rows by class`, proof.rows, classes);
    same(`${mapping}, slices`, proof.slices, proof.proved);
    same(`${mapping}, differences`, proof.mismatch + proof.missing + proof.extraneous + proof.duplicate, 0);
  }
  for (const { finding, observed } of report.decisions) {
    const covered = report.quarantine.filter((row) => row.class === 'quarantined' && row.finding === finding);
    // a decision about what is no row of the source, such as a new column, covers none
    same(
      `decision ${finding}`,
      observed,
      sum(covered, ({ rows }) => rows),
    );
  }
  return wrong;
}
