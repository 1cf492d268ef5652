import type { CatalogueEntry } from './entry';

/** RP4xxx: starting, following and closing a run. */
export const runErrors = {
  RP4001: {
    title: 'Run not found',
    why: 'The ledger has no run of that name.',
    fix: 'List the runs with \`rowproof status --all\`.',
    exit: 4,
  },
} as const satisfies Record<string, CatalogueEntry>;
