import type { CatalogueEntry } from './entry';

/** RP55xx: cutover, drill and switch. */
export const cutoverErrors = {} as const satisfies Record<string, CatalogueEntry>;
