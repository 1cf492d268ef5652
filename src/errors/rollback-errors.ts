import type { CatalogueEntry } from './entry';

/** RP7xxx: compensation. */
export const rollbackErrors = {
  RP7001: {
    title: 'Rows of others in the target',
    why: 'Rows that this run did not write are in its tables; taking them away would lose them.',
    fix: 'Move them elsewhere, then roll back again.',
    exit: 5,
  },
} as const satisfies Record<string, CatalogueEntry>;
