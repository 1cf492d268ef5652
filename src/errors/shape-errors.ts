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
} as const satisfies Record<string, CatalogueEntry>;
