import type { CatalogueEntry } from './entry';

/** RP208x: what a schema may be like, and what a run makes of it. */
export const shapeErrors = {
  RP2080: {
    title: 'Target rows without a key',
    why: 'No key of the target table is loaded, so a row is not looked up: both sides are sorted by whole rows, and each row must occur as often as expected. Real duplicates stay.',
    fix: 'Nothing, when that is meant. Else add a primary key to the target table and map its columns.',
    exit: 2,
  },
  RP2081: {
    title: 'Source rows without a key',
    why: 'Batches and quarantine name a row by its place (ctid), which holds as long as nobody writes to the table or rewrites it (VACUUM FULL, CLUSTER).',
    fix: 'Nothing, when the source stays quiet. Else declare `key: [columns]`, or add a primary key to the source table.',
    exit: 2,
  },
  RP2082: {
    title: 'Sequence without a counterpart',
    why: 'A sequence that numbers no mapped column is matched by its name, in the schema that the target schema is filled from.',
    fix: 'Nothing, when it is not needed. Else rename one of them, or set it after the switch with setval().',
    exit: 2,
  },
  RP2083: {
    title: 'Sequence that cannot be moved',
    why: 'Reading a position needs SELECT on the sequence of the source, setting one needs UPDATE on the sequence of the target, and USAGE on its schema.',
    fix: 'Grant it, or decide the finding with `accept` and set the sequence after the switch.',
    exit: 2,
  },
} as const satisfies Record<string, CatalogueEntry>;
