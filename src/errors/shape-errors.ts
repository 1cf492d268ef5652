import type { CatalogueEntry } from './entry';

/** RP208x: what a schema may be like, and what a run makes of it. */
export const shapeErrors = {
  RP2080: {
    title: 'Target rows without a key',
    why: 'The plan loads no key of the target table, so rows are not looked up: both sides are sorted by whole rows, and each row must occur as often as expected. Real duplicates stay.',
    fix: 'Nothing if that is intended. Otherwise add a primary key to the target table and map its columns.',
    exit: 2,
    retryable: false,
  },
  RP2081: {
    title: 'Source rows without a key',
    why: 'Batches and quarantine name a row by its place (ctid), which holds as long as nobody writes to the table or rewrites it (VACUUM FULL, CLUSTER).',
    fix: 'Nothing if the source stays quiet. Otherwise declare `key: [columns]`, or add a primary key to the source table.',
    exit: 2,
    retryable: false,
  },
  RP2082: {
    title: 'Sequence without a counterpart',
    why: 'A sequence that numbers no mapped column is matched by its name, in the schemas that the target schema is filled from, or in the schema of the same name where no table of it is filled.',
    fix: 'Nothing if it is not needed. Otherwise rename one of them, or set it after the switch with setval().',
    exit: 2,
    retryable: false,
  },
  RP2083: {
    title: 'Sequence that cannot be moved',
    why: 'Reading a position needs SELECT on the sequence of the source, setting one needs UPDATE on the sequence of the target, and USAGE on its schema.',
    fix: 'Grant the missing privilege, or decide the finding with `accept` and set the sequence after the switch.',
    exit: 2,
    retryable: false,
  },
  RP2084: {
    title: 'CHECK that may look at other rows',
    why: 'Its function is not IMMUTABLE or names a table; while rows are loaded, the rows that it looks at may not exist yet.',
    fix: 'Nothing: the run drops it for the load, quarantines rows that break it at the end, and validates it.',
    exit: 2,
    retryable: false,
  },
  RP2085: {
    title: 'Rule that reads other tables and cannot be set aside',
    why: 'A domain is checked and a generated column is computed when a row is written; a table that its function reads may be loaded later.',
    fix: 'Load the table that is read first, in a run of its own (`--only`), or remove the rule from the target until the run is complete.',
    exit: 2,
    retryable: false,
  },
  RP2086: {
    title: 'Rows of an inheritance child read twice',
    why: 'A query of the parent also reads the rows of its children, and the plan reads a child a second time.',
    fix: 'Add `only: true` to the parent, or remove the child from the plan.',
    exit: 2,
    retryable: false,
  },
  RP2087: {
    title: 'Parent read with its children',
    why: 'All rows go to one target table, without the columns that only children have; no key is unique across all of them, so rows are named by their place.',
    fix: 'Nothing if one table is intended. Otherwise add `only: true` and map the children on their own.',
    exit: 2,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
