import type { CatalogueEntry } from './entry';

/** RP208x: what a schema may be like, and what a run makes of it. */
export const shapeErrors = {
  RP2080: {
    title: 'Target rows without a key',
    why: 'No key of the target table is loaded, so a row is not looked up: both sides are sorted by whole rows, and each row must occur as often as expected. Real duplicates stay.',
    fix: 'Nothing, when that is meant. Else add a primary key to the target table and map its columns.',
    exit: 2,
    retryable: false,
  },
  RP2081: {
    title: 'Source rows without a key',
    why: 'Batches and quarantine name a row by its place (ctid), which holds as long as nobody writes to the table or rewrites it (VACUUM FULL, CLUSTER).',
    fix: 'Nothing, when the source stays quiet. Else declare `key: [columns]`, or add a primary key to the source table.',
    exit: 2,
    retryable: false,
  },
  RP2082: {
    title: 'Sequence without a counterpart',
    why: 'A sequence that numbers no mapped column is matched by its name, in the schemas that the target schema is filled from, or in the schema of the same name where no table of it is filled.',
    fix: 'Nothing, when it is not needed. Else rename one of them, or set it after the switch with setval().',
    exit: 2,
    retryable: false,
  },
  RP2083: {
    title: 'Sequence that cannot be moved',
    why: 'Reading a position needs SELECT on the sequence of the source, setting one needs UPDATE on the sequence of the target, and USAGE on its schema.',
    fix: 'Grant it, or decide the finding with `accept` and set the sequence after the switch.',
    exit: 2,
    retryable: false,
  },
  RP2084: {
    title: 'CHECK that may look at other rows',
    why: 'Its function is not IMMUTABLE or names a table; while rows are loaded, what it would look at may not be there yet.',
    fix: 'Nothing: it is dropped for the load, rows that break it at the end go to quarantine, and it is validated.',
    exit: 2,
    retryable: false,
  },
  RP2085: {
    title: 'Rule over other tables that cannot be set aside',
    why: 'A domain is checked and a generated column computed when a row is written; a table that its function reads may be loaded later.',
    fix: 'Load the table that is read first, in a run of its own (`--only`), or take the function out of the target until the run is complete.',
    exit: 2,
    retryable: false,
  },
  RP2086: {
    title: 'Rows of an inheritance child read twice',
    why: 'A query of the parent also reads the rows of its children, and the plan reads a child once more.',
    fix: 'Add `only: true` to the parent, or remove the child from the plan.',
    exit: 2,
    retryable: false,
  },
  RP2087: {
    title: 'Parent read with its children',
    why: 'All rows go to one target table, without the columns that only children have; no key is unique over all of them, so rows are named by their place.',
    fix: 'Nothing, when one table is meant. Else add `only: true` and map the children on their own.',
    exit: 2,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
