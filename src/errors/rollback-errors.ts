import type { CatalogueEntry } from './entry';

/** RP7xxx: compensation. */
export const rollbackErrors = {
  RP7001: {
    title: 'Rows of others in the target',
    why: 'Rows that this run did not write are in its tables; taking them away would lose them.',
    fix: 'Move them elsewhere, then roll back again.',
    exit: 5,
    retryable: false,
  },
  RP7002: {
    title: 'Something outside the run depends on its rows',
    why: 'A foreign key that this run did not record points to one of its tables; emptying the table could take rows of others away.',
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
    why: 'Without it nobody can say whether the target is as it was.',
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
    why: 'The table in schema rowproof that holds the rows from before the run is gone or has lost rows.',
    fix: 'Restore the rows from the backup of the target.',
    exit: 5,
    retryable: false,
  },
  RP7008: {
    title: 'Finishing would release a freeze',
    why: 'Since the cutover the sources refuse writes. Without the freeze, whoever still has the old database writes there again, and nothing carries that over.',
    fix: 'When nobody uses the old database any more: `rowproof finish RUN --release-freeze`. On a terminal `finish` asks.',
    exit: 4,
    retryable: false,
  },
  RP7010: {
    title: 'The rollback did not get to its end',
    why: 'A step could not be undone, or something that the run changed is not as it was before. What was undone stays undone.',
    fix: 'Remove what the sentence names, then roll back again: it goes on where it stopped.',
    exit: 5,
    retryable: false,
  },
  RP7011: {
    title: 'Something of the target cannot be put back',
    why: 'Others changed the table in a way that what the run took away from it does not fit any more.',
    fix: 'Make the table take it again, as the sentence says, then roll back again.',
    exit: 5,
    retryable: false,
  },
  RP7007: {
    title: 'The target is open',
    why: 'Since the cutover the applications write to the target; taking its rows away would lose what they wrote.',
    fix: 'Go forward: repair what is wrong on the target. The run can be finished (`rowproof finish RUN --release-freeze`), not rolled back.',
    exit: 5,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
