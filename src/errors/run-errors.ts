import type { CatalogueEntry } from './entry';

/** RP4xxx: starting, following and closing a run. */
export const runErrors = {
  RP4001: {
    title: 'Run not found',
    why: 'The ledger has no run of that name.',
    fix: 'List the runs with \`rowproof status --all\`.',
    exit: 4,
  },
  RP4002: {
    title: 'Ledger of a newer rowproof',
    why: 'A newer version wrote the ledger on the target, and this version may not understand it.',
    fix: 'Use the newer rowproof (see the version it names), or a target of its own.',
    exit: 4,
  },
  RP4003: {
    title: 'Schema rowproof is not a ledger',
    why: 'The target has a schema of that name that is not a ledger of rowproof.',
    fix: 'Rename that schema, or migrate into another database.',
    exit: 4,
  },
  RP4004: {
    title: 'No right to create the ledger',
    why: 'Everything that makes a run resumable and reversible is kept in schema rowproof on the target.',
    fix: 'GRANT CREATE ON DATABASE … TO the role, or connect as the role that owns schema rowproof.',
    exit: 4,
  },
  RP4005: {
    title: 'Target table claimed by another run',
    why: 'Two runs that write one table would undo each other.',
    fix: 'Finish or roll back the other run first.',
    exit: 4,
  },
  RP4006: {
    title: 'Ledger not found',
    why: 'The database has no schema rowproof: no run was ever started on it, or its runs were finished.',
    fix: 'Check the connection, or start a run.',
    exit: 4,
  },
  RP4010: {
    title: 'Several runs have that name',
    why: 'Runs are numbered by ledger; two ledgers have a run of that name on this Temporal.',
    fix: 'Name the plan with --plan FILE, or go to the folder where the run was started.',
    exit: 4,
  },
  RP4020: {
    title: 'Compiled by a newer rowproof',
    why: 'What a run executes was compiled when it was opened, in a form that this version does not know.',
    fix: 'Use the rowproof that opened the run, or a newer one.',
    exit: 4,
  },
  RP4021: {
    title: 'Open runs need the ledger as it is',
    why: 'This version changes the ledger in a way that workers of older versions cannot use, and they drive these runs.',
    fix: 'Let the runs end with their workers, or roll them back, then start again; or use a target of its own.',
    exit: 4,
  },
} as const satisfies Record<string, CatalogueEntry>;
