import type { CatalogueEntry } from './entry';

/** RP9xxx: the command line. */
export const cliErrors = {
  RP9001: {
    title: 'Unknown option or argument',
    why: 'The command does not take it.',
    fix: 'See \`rowproof COMMAND --help\`.',
    exit: 2,
  },
} as const satisfies Record<string, CatalogueEntry>;
