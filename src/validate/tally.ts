import { encodeRow } from './encode-row';
import type { RowSink } from './merge-rows';
import type { ActualRow, BadClass, ExpectedRow, ProofCounts } from './row';
import { keyedValues, noCounts } from './row';

/** A row that looks wrong at first sight, with what is needed to read it again. */
export interface Suspect {
  readonly class: BadClass;
  /** Null when only the target has the row. */
  readonly sourceKey: string | null;
  /** Target key parts; null when none can be computed. */
  readonly targetKey: readonly string[] | null;
  /** Places of loaded columns that differ or could not be compared. */
  readonly columns: readonly number[];
}

/** Keyed digests over row encodings, e.g. HMAC-SHA256 under the secret of the run. */
export interface RowDigests {
  expected(encoding: string): void;
  actual(encoding: string): void;
}

/** Suspects kept per class; every one is counted. */
export const suspectsKept = 1000;

/** Counts the classes of a slice, feeds both digests and keeps the first suspects of each class. */
export class Tally implements RowSink {
  readonly counts: ProofCounts = noCounts();
  readonly suspects: Suspect[] = [];
  private readonly kept = new Map<BadClass, number>();

  constructor(
    private readonly keyPlaces: readonly number[],
    private readonly digests: RowDigests,
  ) {}

  identical(expected: ExpectedRow): void {
    this.counts.expected += 1;
    this.counts.actual += 1;
    this.counts.identical += 1;
    const encoding = encodeRow(expected.values);
    this.digests.expected(encoding);
    this.digests.actual(encoding);
  }

  /** A source row that has a decision to stay behind and is in quarantine for the right reason. */
  decided(): void {
    this.counts.expected += 1;
    this.counts.decided += 1;
  }

  mismatch(expected: ExpectedRow, actual: ActualRow, columns: readonly number[]): void {
    this.pair(expected, actual);
    this.suspect('mismatch', expected.sourceKey, this.actualKey(actual), columns);
  }

  unverifiable(expected: ExpectedRow, actual: ActualRow): void {
    this.pair(expected, actual);
    this.suspect('unverifiable', expected.sourceKey, this.actualKey(actual), expected.unknown ?? []);
  }

  missing(expected: ExpectedRow): void {
    this.expectedAlone('missing', expected);
  }

  duplicateExpected(expected: ExpectedRow): void {
    this.expectedAlone('duplicate', expected);
  }

  extraneous(actual: ActualRow): void {
    this.actualAlone('extraneous', actual);
  }

  duplicateActual(actual: ActualRow): void {
    this.actualAlone('duplicate', actual);
  }

  /** A source row whose place in the books is wrong: rejected but not in quarantine, or in quarantine without cause. */
  misplaced(sourceKey: string, columns: readonly number[]): void {
    this.counts.expected += 1;
    this.suspect('mismatch', sourceKey, null, columns);
  }

  /** A source row that recomputation can say nothing about. */
  unknown(sourceKey: string, columns: readonly number[]): void {
    this.counts.expected += 1;
    this.suspect('unverifiable', sourceKey, null, columns);
  }

  private pair(expected: ExpectedRow, actual: ActualRow): void {
    this.counts.expected += 1;
    this.counts.actual += 1;
    this.digests.expected(encodeRow(expected.values));
    this.digests.actual(encodeRow(actual, this.keyPlaces.length));
  }

  private expectedAlone(rowClass: BadClass, expected: ExpectedRow): void {
    this.counts.expected += 1;
    this.digests.expected(encodeRow(expected.values));
    const values = keyedValues(expected);
    const key = this.keyPlaces.map((place) => values[place] as string);
    this.suspect(rowClass, expected.sourceKey, key, []);
  }

  private actualAlone(rowClass: BadClass, actual: ActualRow): void {
    this.counts.actual += 1;
    this.digests.actual(encodeRow(actual, this.keyPlaces.length));
    this.suspect(rowClass, null, this.actualKey(actual), []);
  }

  private actualKey(actual: ActualRow): string[] {
    return actual.slice(0, this.keyPlaces.length) as string[];
  }

  private suspect(
    rowClass: BadClass,
    sourceKey: string | null,
    targetKey: readonly string[] | null,
    columns: readonly number[],
  ): void {
    this.counts[rowClass] += 1;
    const kept = this.kept.get(rowClass) ?? 0;
    if (kept >= suspectsKept) return;
    this.kept.set(rowClass, kept + 1);
    this.suspects.push({ class: rowClass, sourceKey, targetKey, columns });
  }
}

/** The first suspects of each class, as one tally would keep them. */
export function limitSuspects(suspects: readonly Suspect[]): Suspect[] {
  const kept = new Map<BadClass, number>();
  return suspects.filter(({ class: rowClass }) => {
    const count = (kept.get(rowClass) ?? 0) + 1;
    kept.set(rowClass, count);
    return count <= suspectsKept;
  });
}

function identity(suspect: Suspect): string {
  return JSON.stringify([suspect.class, suspect.sourceKey, suspect.targetKey, suspect.columns]);
}

/** True when every suspect of the first look is one of the second look, for the same reason. */
export function reproduced(first: readonly Suspect[], second: readonly Suspect[]): boolean {
  const seen = new Set(second.map(identity));
  return first.every((suspect) => seen.has(identity(suspect)));
}

/**
 * Leaves as a difference only what the second look saw as well. The others never looked the same twice: they are neither right
 * nor wrong, and count as unverifiable.
 */
export function onlyReproduced(
  counts: ProofCounts,
  first: readonly Suspect[],
  second: readonly Suspect[],
): { readonly counts: ProofCounts; readonly suspects: readonly Suspect[] } {
  const seen = new Set(second.map(identity));
  const result = { ...counts };
  const suspects = first.map((suspect) => {
    if (seen.has(identity(suspect))) return suspect;
    result[suspect.class] -= 1;
    result.unverifiable += 1;
    return { ...suspect, class: 'unverifiable' as const };
  });
  return { counts: result, suspects };
}
