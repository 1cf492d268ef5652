import type { CatalogueEntry } from './entry';

/** RP51xx: preparing the target, settling it and putting its rules back. */
export const prepareErrors = {
  RP5101: {
    title: 'Target table not empty',
    why: 'The plan says `when_not_empty: refuse` and the table already holds rows.',
    fix: 'Empty the table, or write `when_not_empty: replace`, which saves its rows and restores them on rollback.',
    exit: 4,
    retryable: false,
  },
  RP5102: {
    title: 'Lock not obtained',
    why: 'Another session keeps using the table; waiting longer would make other users of the table queue behind this run.',
    fix: 'End the session that holds the table (see pg_stat_activity and pg_locks), then go on.',
    exit: 4,
    retryable: false,
  },
  RP5103: {
    title: 'Not allowed to change the target',
    why: 'The role of the target connection does not own that object, or lacks a privilege that is needed to create it again.',
    fix: 'Grant what PostgreSQL names, or membership in the owning role, to the role of the connection; or connect as the owner.',
    exit: 4,
    retryable: false,
  },
  RP5104: {
    title: 'The run is being rolled back',
    why: 'A rollback has begun, so the run may no longer change the target.',
    fix: 'Wait for the rollback, then start a new run.',
    exit: 4,
    retryable: false,
  },
  RP5105: {
    title: 'Target table not found',
    why: 'The table that the plan names no longer exists.',
    fix: 'Create it, or correct the plan and start a new run.',
    exit: 4,
    retryable: false,
  },
  RP5106: {
    title: 'The target changed during the run',
    why: 'An object or row is not as this run recorded it, so somebody else is changing the target.',
    fix: 'Find out who writes to the target, then roll back.',
    exit: 4,
    retryable: false,
  },
  RP5110: {
    title: 'A unique rule of the target is violated',
    why: 'Rows that violate it were quarantined before, so rows were added or changed afterwards.',
    fix: 'Find out who writes to the target, then roll back.',
    exit: 1,
    retryable: false,
  },
  RP5111: {
    title: 'A foreign key of the target is violated',
    why: 'Rows of the run that violate it were quarantined before, so somebody else wrote the rows that violate it now.',
    fix: 'Correct the rows of the referencing table that point to nothing, or roll back.',
    exit: 1,
    retryable: false,
  },
  RP5112: {
    title: 'A restored rule of the target is not valid',
    why: 'PostgreSQL reports it as not valid after it was rebuilt.',
    fix: 'Read the log of the target server, then roll back.',
    exit: 1,
    retryable: false,
  },
  RP5120: {
    title: 'An index or foreign key could not be created again',
    why: 'Before the run drops an index or a foreign key of the target, it tries with this role to create it again on an empty table.',
    fix: 'Make what the message names possible, then let the run go on. Nothing has been dropped.',
    exit: 4,
    retryable: false,
  },
  RP5113: {
    title: 'A row to settle has no source row',
    why: 'A target row that violates a rule cannot be traced to one source row.',
    fix: 'Source or target changed during the run: roll back and start again on a quiet source.',
    exit: 1,
    retryable: false,
  },
  RP5140: {
    title: 'Rows break a CHECK that was set aside',
    why: 'Rows that broke it were removed before; others were written since, or its function does not give the same answer twice.',
    fix: 'Stop whoever writes to the target, then retry; or roll back.',
    exit: 4,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
