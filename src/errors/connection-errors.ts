import type { CatalogueEntry } from './entry';

/** RP3xxx: reaching a database. */
export const connectionErrors = {
  RP3001: {
    title: 'Connection refused',
    why: 'Nothing listens at that address, or a firewall refuses.',
    fix: 'Start the server, or correct host and port in the connection.',
    exit: 3,
  },
} as const satisfies Record<string, CatalogueEntry>;
