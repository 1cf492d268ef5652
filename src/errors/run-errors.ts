import type { CatalogueEntry } from './entry';

/** RP4xxx: starting, following and closing a run. */
export const runErrors = {
  RP4001: {
    title: 'Run not found',
    why: 'The ledger has no run of that name.',
    fix: 'List the runs with \`rowproof status --all\`.',
    exit: 4,
    retryable: false,
  },
  RP4002: {
    title: 'Ledger of a newer rowproof',
    why: 'The ledger on the target was written by a newer version, which may mean things by it that this one does not know.',
    fix: 'Use the newer rowproof (see the version it names), or a target of its own.',
    exit: 4,
    retryable: false,
  },
  RP4003: {
    title: 'Schema rowproof belongs to others',
    why: 'The target has a schema of that name that is not a ledger of rowproof.',
    fix: 'Rename that schema, or migrate into another database.',
    exit: 4,
    retryable: false,
  },
  RP4004: {
    title: 'No right to keep the ledger',
    why: 'Everything that makes a run resumable and reversible is kept in schema rowproof on the target.',
    fix: 'GRANT CREATE ON DATABASE … TO the role, or connect as the role that owns schema rowproof.',
    exit: 4,
    retryable: false,
  },
  RP4005: {
    title: 'Target table claimed by another run',
    why: 'Two runs that write one table would undo each other.',
    fix: 'Finish or roll back the other run first.',
    exit: 4,
    retryable: false,
  },
  RP4006: {
    title: 'Ledger not known to this worker',
    why: 'A run names its ledger by an environment variable or by a plan, and this worker has no folder in which that plan could be.',
    fix: 'Start the worker with the folder of the plan (--plans), or name the connection of the target in the plan as ${NAME}.',
    exit: 4,
    retryable: false,
  },
  RP4010: {
    title: 'Several runs of that name',
    why: 'Runs are numbered by ledger; two ledgers have a run of that name on this Temporal.',
    fix: 'Name the plan with --plan FILE, or go to the folder where the run was started.',
    exit: 4,
    retryable: false,
  },
  RP4011: {
    title: 'No such run in this folder',
    why: 'Commands without the name of a run mean the latest one that was started from the folder.',
    fix: 'Name a run, go to the folder where it was started, or name its plan with --plan FILE.',
    exit: 4,
    retryable: false,
  },
  RP4012: {
    title: 'The plan has no run',
    why: 'The ledger of its target knows of none.',
    fix: 'Start one with \`rowproof run PLAN\`.',
    exit: 4,
    retryable: false,
  },
  RP4020: {
    title: 'Compiled by a newer rowproof',
    why: 'What a run executes was compiled when it was opened, in a form that this version does not know.',
    fix: 'Use the rowproof that opened the run, or a newer one.',
    exit: 4,
    retryable: false,
  },
  RP4021: {
    title: 'Open runs need the ledger as it is',
    why: 'This version changes the ledger in a way that workers of older versions could not bear, and they drive these runs.',
    fix: 'Let the runs end with their workers, or roll them back, then start again; or use a target of its own.',
    exit: 4,
    retryable: false,
  },
  RP4022: {
    title: 'The run has no such source',
    why: 'What is to be read was compiled for a source that the plan of the run does not name.',
    fix: 'Report it as a bug.',
    exit: 4,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
