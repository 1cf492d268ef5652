import type { CatalogueEntry } from './entry';

/** RP2xxx: a plan against the two live catalogs. */
export const checkErrors = {
  RP2001: {
    title: 'Source table not found',
    why: 'The source has no relation of that name that this role can see.',
    fix: 'Correct \`from\`, or grant USAGE on the schema and SELECT on the table.',
    exit: 2,
  },
} as const satisfies Record<string, CatalogueEntry>;
