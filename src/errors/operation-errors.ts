import type { CatalogueEntry } from './entry';

/** RP42xx: starting and steering runs through Temporal. */
export const operationErrors = {
  RP4201: {
    title: 'No plan of that name on this worker',
    why: 'A worker finds plans by name in its plans folder.',
    fix: 'Start the run with one of the names it has, or start the worker with --plans FOLDER.',
    exit: 4,
  },
  RP4202: {
    title: 'The plan is already running',
    why: 'One plan has one active run, so that no table is written by two.',
    fix: 'Watch it with `rowproof watch RUN`, or abort it first with `rowproof abort RUN --by YOU --reason WHY`.',
    exit: 4,
  },
  RP4203: {
    title: 'The plan was edited while its run is unfinished',
    why: 'What a run compiled at its start is what it executes; an edited file never changes it.',
    fix: 'Go on with what was started: `rowproof run --resume RUN PLAN`. Or undo it first: `rowproof rollback RUN --by YOU --reason WHY`.',
    exit: 4,
  },
  RP4204: {
    title: 'Temporal cannot be reached',
    why: 'No Temporal server answered at the configured address.',
    fix: 'Start it, correct TEMPORAL_ADDRESS or the profile, or run without any to use the local environment.',
    exit: 6,
  },
  RP4205: {
    title: 'Nobody polls the task queue',
    why: 'The run waits in Temporal until a worker of this namespace polls its task queue.',
    fix: 'Start one with `rowproof worker` (with the connections in its environment).',
    exit: 6,
  },
  RP4206: {
    title: 'The run takes no commands any more',
    why: 'Its workflow is closed; updates and signals reach open workflows only.',
    fix: 'Go on with `rowproof run RUN`, or undo with `rowproof rollback RUN --by YOU --reason WHY`.',
    exit: 4,
  },
  RP4207: {
    title: 'The command was refused',
    why: 'The run is not in a state in which this command means something.',
    fix: 'Look at `rowproof status RUN` and send it again as it says.',
    exit: 4,
  },
  RP4208: {
    title: 'The run cannot go on',
    why: 'It was completed or rolled back; what it wrote is finished or gone.',
    fix: 'Start a new run of the plan with `rowproof run PLAN`.',
    exit: 4,
  },
  RP4209: {
    title: 'The ledger reference is not known here',
    why: 'The run names the connection of its ledger (env:NAME or plan:NAME), and this process has none of that name.',
    fix: 'Set that environment variable, or start the worker with the plans folder that holds the plan.',
    exit: 3,
  },
  RP4210: {
    title: 'No worker answers for the run',
    why: 'The workflow of the run is open, but nobody carries it on now; a command is carried out by a worker.',
    fix: 'Start a worker on its task queue, then send the command again.',
    exit: 6,
  },
  RP4211: {
    title: 'The worker has another version of the workflows',
    why: 'A workflow is replayed from its history by the code that began it. What it did is safe in the ledger; only its workflow cannot go on with this code.',
    fix: 'Start a worker of the version that began it, or end its workflow and go on from the ledger with another: `rowproof run RUN --replace-workflow`.',
    exit: 6,
  },
  RP4220: {
    title: 'No build of the workers is current',
    why: 'New runs go to the current build of the workers; a build becomes current once workers of it poll both queues, of control and of copy.',
    fix: 'Start workers of both roles, one of them with `rowproof worker --make-current`.',
    exit: 6,
  },
  RP4221: {
    title: 'New runs still come to the build',
    why: 'It is the current one of its deployment, so that it never runs out of work.',
    fix: 'Start workers of the build that takes its place first.',
    exit: 4,
  },
  RP4230: {
    title: 'The payload codec cannot be used',
    why: 'With ROWPROOF_CODEC every payload is encoded, by workers and commands alike, with keys that all of them have.',
    fix: 'Give ROWPROOF_CODEC_KEYS (NAME:BASE64 of 32 bytes) or ROWPROOF_CODEC_KEYS_FILE, or correct the module; docs/security.md has both.',
    exit: 6,
  },
} as const satisfies Record<string, CatalogueEntry>;
