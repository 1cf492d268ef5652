import type { CatalogueEntry } from './entry';

/** RP42xx: starting and steering runs through Temporal. */
export const operationErrors = {
  RP4201: {
    title: 'No plan of that name on this worker',
    why: 'A worker finds plans by name in its plans folder.',
    fix: 'Start the run with the name of a plan that the worker has, or start the worker with --plans FOLDER.',
    exit: 4,
  },
  RP4202: {
    title: 'The plan is already running',
    why: 'A plan has at most one active run, so that two runs never write the same table.',
    fix: 'Watch it with `rowproof watch RUN`, or abort it first with `rowproof abort RUN`.',
    exit: 4,
  },
  RP4203: {
    title: 'The plan was edited while its run is unfinished',
    why: 'A run executes what it compiled at its start; editing the plan file does not change it.',
    fix: 'Go on with what was started: `rowproof run --resume RUN PLAN`. Or undo it first: `rowproof rollback RUN`.',
    exit: 4,
  },
  RP4204: {
    title: 'Temporal cannot be reached',
    why: 'No Temporal server answered at the configured address.',
    fix: 'Start it, correct TEMPORAL_ADDRESS or the profile, or unset both to use the local environment.',
    exit: 6,
  },
  RP4205: {
    title: 'No worker polls the task queue',
    why: 'The run waits in Temporal until a worker of this namespace polls its task queue.',
    fix: 'Start one with `rowproof worker` (with the connections in its environment).',
    exit: 6,
  },
  RP4206: {
    title: 'The run no longer takes commands',
    why: 'Its workflow is closed; updates and signals reach only open workflows.',
    fix: 'Go on with `rowproof run RUN`, or undo with `rowproof rollback RUN`.',
    exit: 4,
  },
  RP4207: {
    title: 'The command was refused',
    why: 'The run is not in a state for this command.',
    fix: 'See what the run waits for with `rowproof status RUN`, then send the command that it shows.',
    exit: 4,
  },
  RP4208: {
    title: 'The run cannot go on',
    why: 'The run is complete or rolled back.',
    fix: 'Start a new run of the plan with `rowproof run PLAN`.',
    exit: 4,
  },
  RP4209: {
    title: 'The ledger reference is unknown here',
    why: 'The run names the connection of its ledger (env:NAME or plan:NAME), and this process has none of that name.',
    fix: 'Set that environment variable, or start the worker with the plans folder that holds the plan.',
    exit: 3,
  },
  RP4210: {
    title: 'No worker answers for the run',
    why: 'The workflow of the run is open, but no worker executes it now. A worker has to execute the command.',
    fix: 'Start a worker on its task queue, then send the command again.',
    exit: 6,
  },
  RP4211: {
    title: 'The worker has another version of the workflows',
    why: 'A workflow is replayed from its history by the code that started it. The work of the run is safe in the ledger; only its workflow cannot continue with this code.',
    fix: 'Start a worker of the version that started it, or end its workflow and go on from the ledger with another: rowproof run RUN --replace-workflow.',
    exit: 6,
  },
  RP4220: {
    title: 'No build of the workers is current',
    why: 'New runs go to the current build of the workers; a build becomes current once its workers poll both queues, control and copy.',
    fix: 'Start workers of both roles, one of them with `rowproof worker --make-current`.',
    exit: 6,
  },
  RP4221: {
    title: 'New runs still go to this build',
    why: 'It is the current build of its deployment, so it keeps getting new runs.',
    fix: 'First start workers of the build that replaces it.',
    exit: 4,
  },
  RP4230: {
    title: 'The payload codec cannot be used',
    why: 'With ROWPROOF_CODEC, workers and commands encode every payload, and all of them need the same keys.',
    fix: 'Give ROWPROOF_CODEC_KEYS (NAME:BASE64 of 32 bytes) or ROWPROOF_CODEC_KEYS_FILE, or correct the module; docs/security.md has both.',
    exit: 6,
  },
} as const satisfies Record<string, CatalogueEntry>;
