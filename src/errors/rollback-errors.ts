import type { CatalogueEntry } from './entry';

/** RP7xxx: compensation. */
export const rollbackErrors = {
  RP7001: {
    title: 'The target holds rows that the run did not write',
    why: 'The tables of this run hold rows that it did not write; removing them would lose them.',
    fix: 'Move them elsewhere, then roll back again.',
    exit: 5,
    retryable: false,
  },
  RP7002: {
    title: 'Something outside the run depends on its rows',
    why: 'A foreign key that this run did not record points to one of its tables; emptying the table could delete rows of others.',
    fix: 'Drop that foreign key, then roll back again.',
    exit: 5,
    retryable: false,
  },
  RP7003: {
    title: 'The ledger of the run is still needed',
    why: 'Until a run is complete or rolled back, its ledger is the only way forward and back, and holds the rows it saved.',
    fix: 'Let it end or roll it back, then finish it. `rowproof finish RUN --release-freeze` lets writers of its sources write again.',
    exit: 5,
    retryable: false,
  },
  RP7004: {
    title: 'No fingerprint from before the run',
    why: 'Without it, rowproof cannot check whether the target is as it was.',
    fix: 'Compare the target with its backup by hand.',
    exit: 5,
    retryable: false,
  },
  RP7005: {
    title: 'Step not found',
    why: 'The ledger has no step of that number for this run.',
    fix: 'Start the rollback again: it reads the open steps itself.',
    exit: 5,
    retryable: false,
  },
  RP7006: {
    title: 'Saved rows are missing',
    why: 'The table in schema rowproof that holds the rows from before the run is missing or has lost rows.',
    fix: 'Restore the rows from the backup of the target.',
    exit: 5,
    retryable: false,
  },
  RP7008: {
    title: 'Finishing would release a freeze',
    why: 'Since the cutover the sources refuse writes. Without the freeze, anybody who still uses the old database writes there again, and nothing copies that to the target.',
    fix: 'When nobody uses the old database any more: `rowproof finish RUN --release-freeze`. On a terminal `finish` asks.',
    exit: 4,
    retryable: false,
  },
  RP7010: {
    title: 'The rollback is incomplete',
    why: 'A step could not be undone, or something that the run changed is not as it was before. What was undone stays undone.',
    fix: 'Remove what the message names, then roll back again: it goes on where it stopped.',
    exit: 5,
    retryable: false,
  },
  RP7011: {
    title: 'Part of the target cannot be restored',
    why: 'Others changed the table, and what the run removed from it no longer fits.',
    fix: 'Change the table so that it fits again, as the message says, then roll back again.',
    exit: 5,
    retryable: false,
  },
  RP7007: {
    title: 'The target is open',
    why: 'Since the cutover the applications write to the target; removing its rows would lose what they wrote.',
    fix: 'Go forward: repair what is wrong on the target. The run can be finished (`rowproof finish RUN --release-freeze`), not rolled back.',
    exit: 5,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
