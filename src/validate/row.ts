/** A row that the plan says must stand in the target: recomputed from the source by the other implementation. */
export interface ExpectedRow {
  /** Canonical key text of the source row. */
  readonly sourceKey: string;
  /** Canonical text of every loaded column, in load order. */
  readonly values: readonly (string | null)[];
  /** Of a row without a key: what its contents are known by, as the source's server computes it. */
  readonly contents?: readonly string[];
  /** Places of columns whose expected value could not be computed; null when all could. */
  readonly unknown: readonly number[] | null;
}

/** The values in which rows are ordered and paired. */
export function keyedValues(row: ExpectedRow): readonly (string | null)[] {
  return row.contents ?? row.values;
}

/** A row of the target as text: the target key columns (or what the contents are known by) first, then every loaded column in load order. */
export type ActualRow = readonly (string | null)[];

/** Classes that make a proof red. */
export const badClasses = ['mismatch', 'missing', 'extraneous', 'duplicate', 'unverifiable'] as const;
export type BadClass = (typeof badClasses)[number];

export interface ProofCounts {
  /** In-scope source rows enumerated. */
  expected: number;
  /** Target rows enumerated. */
  actual: number;
  identical: number;
  decided: number;
  mismatch: number;
  missing: number;
  extraneous: number;
  duplicate: number;
  unverifiable: number;
}

export function noCounts(): ProofCounts {
  return {
    expected: 0,
    actual: 0,
    identical: 0,
    decided: 0,
    mismatch: 0,
    missing: 0,
    extraneous: 0,
    duplicate: 0,
    unverifiable: 0,
  };
}
