import type { CatalogueEntry } from './entry';

/** RP1xxx: the plan file. */
export const planErrors = {
  RP1001: {
    title: 'Plan file not found',
    why: 'The path does not lead to a readable file.',
    fix: 'Check the path, or write a first plan with \`rowproof init\`.',
    exit: 2,
  },
} as const satisfies Record<string, CatalogueEntry>;
