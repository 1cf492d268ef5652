import type { CatalogueEntry } from './entry';

/** RP9xxx: the command line. */
export const cliErrors = {
  RP9001: {
    title: 'Unknown option or argument',
    why: 'The command does not take it.',
    fix: 'See \`rowproof COMMAND --help\`.',
    exit: 2,
    retryable: false,
  },
  RP9000: {
    title: 'Unexpected error',
    why: 'This is a bug in rowproof. Its text is not shown because it may hold row values; ROWPROOF_DEBUG=1 shows it.',
    fix: 'Report it with the command you ran. The ledger has everything; nothing is lost.',
    exit: 70,
    retryable: false,
  },
  RP9002: {
    title: 'File exists',
    why: 'rowproof does not overwrite an existing file without --force.',
    fix: 'Name another file with --out, or add --force.',
    exit: 2,
    retryable: false,
  },
  RP9020: {
    title: 'A database refused a statement',
    why: 'The message of the server is not shown because it may hold row values; the log of that server has it.',
    fix: 'Look up the SQLSTATE in the PostgreSQL manual, fix what it names, and run the command again.',
    exit: 3,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
