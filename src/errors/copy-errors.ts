import type { CatalogueEntry } from './entry';

/** RP5xxx: preparing the target and copying. */
export const copyErrors = {
  RP5001: {
    title: 'Batch lease lost',
    why: 'Another attempt took this batch over; this attempt may not commit.',
    fix: 'Nothing: the other attempt goes on.',
    exit: 4,
  },
} as const satisfies Record<string, CatalogueEntry>;
