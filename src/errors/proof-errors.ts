import type { CatalogueEntry } from './entry';

/** RP6xxx: validation. */
export const proofErrors = {
  RP6002: {
    title: 'Target rows out of order',
    why: 'The proof reads the target in key order and cannot go on without it; an index that disagrees with its table (a changed collation library, a damaged index) can cause this.',
    fix: 'Run REINDEX on the target table and validate again; if it happens again, report it.',
    exit: 1,
    retryable: false,
  },
  RP6003: {
    title: 'Source rows could not be recomputed',
    why: 'An expression of the plan raised an error for a row that the copy read without an error, so the source has changed or the expression depends on something else.',
    fix: 'Make sure nothing writes to the source, correct the expression, and run again.',
    exit: 1,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
