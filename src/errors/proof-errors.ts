import type { CatalogueEntry } from './entry';

/** RP6xxx: validation. */
export const proofErrors = {
  RP6001: {
    title: 'Not proved',
    why: 'A row or a field differs, or the books do not balance.',
    fix: 'Read the report, then repair or roll back.',
    exit: 1,
  },
} as const satisfies Record<string, CatalogueEntry>;
