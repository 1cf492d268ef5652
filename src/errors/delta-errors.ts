import type { CatalogueEntry } from './entry';

/** RP54xx: rounds that follow a source. */
export const deltaErrors = {} as const satisfies Record<string, CatalogueEntry>;
