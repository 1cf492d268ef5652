import type { CatalogueEntry } from './entry';

/** RP53xx: installing, watching and removing the capture of changes. */
export const captureErrors = {} as const satisfies Record<string, CatalogueEntry>;
