import type { CatalogueEntry } from './entry';

/** RP43xx: discovery and its findings. */
export const discoveryErrors = {
  RP4301: {
    title: 'The catalog changed since the run was opened',
    why: 'The run executes what it compiled; a column that was dropped or retyped since makes that wrong.',
    fix: 'Put the column back, or roll this run back and start a new one.',
    exit: 4,
    retryable: false,
  },
  RP4302: {
    title: 'The source key is not a key',
    why: 'Batches and proof name rows by the source key; rows with a NULL or a repeated key cannot be told apart.',
    fix: 'Choose other columns under `key`, or mend the rows. On a quiet source, remove `key` from the plan: the table is then taken without one, duplicates included.',
    exit: 2,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
