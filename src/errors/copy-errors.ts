import type { CatalogueEntry } from './entry';

/** RP5xxx: preparing the target and copying. */
export const copyErrors = {
  RP5001: {
    title: 'Batch lease lost',
    why: 'Another attempt took over this batch; this attempt may not commit.',
    fix: 'Nothing: the other attempt goes on.',
    exit: 4,
    retryable: true,
  },
  RP5002: {
    title: 'Connection lost while committing a batch',
    why: 'The reply to COMMIT never arrived; the ledger, read under the batch lock, shows that the batch did not commit.',
    fix: 'Nothing: the batch is tried again.',
    exit: 3,
    retryable: true,
  },
  RP5003: {
    title: 'Batch revoked',
    why: 'The run was rolled back or aborted, so its batches may no longer write.',
    fix: 'Start a new run.',
    exit: 4,
    retryable: false,
  },
  RP5004: {
    title: 'Batch does not add up',
    why: 'Rows read, loaded, rejected and out of scope must balance before a batch may commit.',
    fix: 'Check that the source does not change during the run, then retry the batch.',
    exit: 4,
    retryable: false,
  },
  RP5005: {
    title: 'Batch is held by another session',
    why: 'The row of the batch in the ledger stayed locked, and the session that holds the lock could not be ended.',
    fix: 'Find the holder in pg_locks and end it, then retry the batch.',
    exit: 4,
    retryable: true,
  },
  RP5006: {
    title: 'Batch not found',
    why: 'The ledger has no such batch of this run.',
    fix: 'Check the run and the ordinal in \`rowproof status\`.',
    exit: 4,
    retryable: false,
  },
  RP5007: {
    title: 'Mapping not found',
    why: 'The run was compiled without a mapping of that name.',
    fix: 'Check the mapping names in \`rowproof status\`.',
    exit: 4,
    retryable: false,
  },
  RP5010: {
    title: 'Too many bad rows',
    why: 'More rows of the table cannot be migrated than max_bad_rows allows, not counting findings with a decision that expects them.',
    fix: 'Look at them with \`rowproof quarantine\`. Decide each finding with the number of rows that you expect, or allow N of them in this run with \`rowproof decide TABLE.max_bad_rows accept --expect N --by YOU --reason WHY\`. The table waits for that; other tables go on.',
    exit: 4,
    retryable: false,
  },
  RP5011: {
    title: 'Bad row in a table that stops on bad rows',
    why: 'on_bad_row is stop, and the table has a row that cannot be migrated and whose finding has no decision.',
    fix: 'Look at it with \`rowproof quarantine\`. Decide the finding, or roll back and fix the source or the plan. The table waits for that; other tables go on.',
    exit: 4,
    retryable: false,
  },
  RP5130: {
    title: 'The batch is refused, but not because of its rows',
    why: 'Every row that was tried is refused for the same cause, and the cause is not in the data. Quarantining these rows would lose good ones.',
    fix: 'Fix what the message names, then copy the batch again with `rowproof resolve BATCH retry --by YOU --reason WHY`.',
    exit: 4,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
