import type { CatalogueEntry } from './entry';

/** RP8xxx: the local environment (embedded PostgreSQL and Temporal). */
export const environmentErrors = {
  RP8001: {
    title: 'PostgreSQL binaries not found',
    why: 'No server binaries on PATH, in pg_config --bindir or in the versioned folders.',
    fix: 'Install PostgreSQL 13 or newer, or let rowproof fetch the embedded binaries.',
    exit: 6,
  },
} as const satisfies Record<string, CatalogueEntry>;
