import { Command, Option } from 'commander';
import { engineVersion } from '../contract/version';
import { defaultTaskQueue } from '../contract/task-queues';
import type { CommandResult, OutputFormat, Terminal } from './terminal';

type Action = (terminal: Terminal, ...args: never[]) => Promise<CommandResult> | CommandResult;

/** The whole command line. Implementations load on use, so that `--help` stays quick. `act` runs one and prints its result. */
export function createProgram(
  act: (output: OutputFormat, work: (terminal: Terminal) => Promise<CommandResult>) => Promise<void>,
): Command {
  const program = new Command('rowproof')
    .description('Durable PostgreSQL migrations on Temporal, with proof for every row.')
    .version(engineVersion)
    .addOption(
      new Option('--output <format>', 'what stdout carries').choices(['text', 'json', 'ndjson']).default('text'),
    )
    .showHelpAfterError('(see --help)')
    .enablePositionalOptions();

  const on = (command: Command, load: () => Promise<Action>): Command =>
    command
      .addOption(new Option('--output <format>', 'what stdout carries').choices(['text', 'json', 'ndjson']))
      .action(async (...given: unknown[]) => {
        const args = given.slice(0, -1);
        const own = args.at(-1) as { output?: OutputFormat };
        const output = own.output ?? program.opts<{ output: OutputFormat }>().output;
        await act(output, async (terminal) => {
          const action = (await load()) as (terminal: Terminal, ...args: unknown[]) => Promise<CommandResult>;
          return action(terminal, ...args);
        });
      });

  const add = (name: string, description: string): Command => program.command(name).description(description);
  const person = (command: Command): Command =>
    command.requiredOption('--by <name>', 'who you are').requiredOption('--reason <text>', 'why');
  /** Settings of the cutover that count for one attempt. */
  const attemptOptions = (command: Command): Command =>
    command
      .option(
        '--max-freeze <time>',
        'for this cutover attempt: how long writers may wait, such as 8s; overrides the plan',
      )
      .option(
        '--books <when>',
        'for this cutover attempt: when both sides are counted, frozen (while writers wait) or aligned (right before); overrides the plan',
      );
  const planOption = (command: Command): Command =>
    command.option('--plan <file>', 'find RUN in the ledger of this plan instead of the runs started from this folder');

  on(
    add('init', 'write a commented plan from the two catalogs')
      .requiredOption('--name <name>', 'name of the plan')
      .requiredOption('--source <variable...>', 'environment variable with a source url, or name=VARIABLE; repeatable')
      .requiredOption('--target <variable>', 'environment variable with the target url')
      .option('--out <file>', 'where to write it (default NAME.yaml)')
      .option('--force', 'overwrite the file'),
    async () => (await import('./commands/init')).init as Action,
  );
  on(
    add('check', 'check a plan against both live catalogs').argument('<plan>', 'plan file or folder'),
    async () => (await import('./commands/check')).check as Action,
  );
  on(
    add('plan', 'what a run would do: every statement, its lock, what stays behind, disk and time')
      .argument('<plan>', 'plan file or folder')
      .option('--sql', 'with the full SQL texts'),
    async () => (await import('./commands/plan')).plan as Action,
  );
  on(
    add('preview', 'rows of one table before and after, in a read-only transaction')
      .argument('<table>', 'mapping or target table')
      .requiredOption('--plan <file>', 'plan file or folder')
      .option('--limit <n>', 'how many rows', '20'),
    async () => (await import('./commands/preview')).preview as Action,
  );
  on(
    planOption(
      add('run', 'run a plan to its proof, or go on with its unfinished run').argument(
        '<plan>',
        'plan file or folder, or an unfinished run such as crm-3',
      ),
    )
      .option('--only <table...>', 'these tables only')
      .option('--sample <percent>', 'a stable sample of the rows, such as 1%')
      .option('--check', 'discovery only; writes nothing to the tables of the target')
      .option('--resume <run>', 'go on with this run although the plan file was edited')
      .option('--detach', 'return once it is started')
      .option('--wait', 'without a terminal: go on when the run waits for a person, instead of ending with 7')
      .option(
        '--replace-workflow',
        'if the workers have another version of the workflows: end the open workflow of the run and go on from the ledger',
      ),
    async () => (await import('./commands/run')).run as Action,
  );
  on(
    planOption(
      add('status', 'show the state of a run')
        .argument('[run]', 'default: the latest')
        .option('--all', 'list the runs'),
    ),
    async () => (await import('./commands/status')).status as Action,
  );
  on(
    planOption(add('watch', 'follow a run until it ends').argument('[run]')),
    async () => (await import('./commands/watch')).watch as Action,
  );
  for (const name of ['pause', 'resume'] as const) {
    on(
      planOption(
        add(name, name === 'pause' ? 'start no further batch' : 'go on after pause')
          .argument('[run]')
          .option('--by <name>')
          .option('--reason <text>'),
      ),
      async () => {
        const { pauseOrResume } = await import('./commands/operate');
        return ((terminal: Terminal, run: string | undefined, options: object) =>
          pauseOrResume(terminal, name, run, options)) as Action;
      },
    );
  }
  on(
    planOption(
      attemptOptions(
        person(
          add('approve', 'approve the gate a run waits at')
            .argument('<gate>')
            .requiredOption('--code <code>', 'plan code, as status shows it'),
        ).option('--run <run>'),
      ),
    ),
    async () => (await import('./commands/operate')).approve as Action,
  );
  on(
    planOption(
      attemptOptions(person(add('cutover', 'approve the cutover a run waits for, or try it').argument('[run]')))
        .option('--code <code>', 'plan code, as status shows it; needed unless it is a drill')
        .option(
          '--drill',
          'do everything up to the commit of the freeze, then release the writers; says how long they waited, or exits with 1 if it did not get that far',
        ),
    ),
    async () => (await import('./commands/operate')).cutover as Action,
  );
  on(
    planOption(
      person(
        add('decide', 'decide a finding')
          .argument('<finding>')
          .argument('<action>', 'one of the choices that status shows'),
      )
        .option('--expect <rows>', 'expected number of rows')
        .option('--tolerance <rows>', 'allowed difference from the expected number')
        .option('--run <run>'),
    ),
    async () => (await import('./commands/operate')).decide as Action,
  );
  on(
    planOption(
      person(
        add('resolve', 'retry or quarantine a blocked batch, or resync a stopped capture')
          .argument('<batch>', 'such as orders:91, or *, or capture')
          .argument('<action>', 'retry, quarantine or resync'),
      ).option('--run <run>'),
    ),
    async () => (await import('./commands/operate')).resolve as Action,
  );
  on(
    planOption(person(add('abort', 'stop a run, then ask, roll back or keep').argument('[run]'))).addOption(
      new Option('--then <what>').choices(['ask', 'rollback', 'keep']),
    ),
    async () => (await import('./commands/operate')).abort as Action,
  );
  on(
    planOption(
      person(add('rollback', 'undo a run from its ledger and prove the target is as it was').argument('[run]')),
    ),
    async () => (await import('./commands/rollback')).rollback as Action,
  );
  on(
    planOption(
      add(
        'finish',
        'release the freeze on the sources and remove everything that rowproof created, except the id map',
      ).argument('[run]'),
    ).option('--release-freeze', 'release the freeze of the sources without asking'),
    async () => (await import('./commands/finish')).finish as Action,
  );
  on(
    planOption(
      add('quarantine', 'show the rows that could not be migrated, by reason')
        .argument('[run]')
        .option('--csv', 'the original rows as CSV (recorded in the ledger)')
        .option('--all-columns', 'with --csv: also columns that the plan leaves behind')
        .option('--table <mapping>'),
    ),
    async () => (await import('./commands/quarantine')).quarantine as Action,
  );
  on(
    planOption(add('report', 'write the report of a run').argument('[run]')),
    async () => (await import('./commands/report')).report as Action,
  );
  on(
    add('worker', 'run workflows and activities until stopped')
      .addOption(new Option('--role <role>').choices(['control', 'copy', 'all']).default('all'))
      .option('--slots <n>', 'batches and proofs at a time', '4')
      .option('--control-slots <n>', 'look-ups, decisions and changes of the target at a time', '16')
      .option('--task-queue <name>', 'queue to poll', process.env['ROWPROOF_TASK_QUEUE'] ?? defaultTaskQueue)
      .option('--plans <folder>', 'folder with plans that runs may name')
      .option('--metrics <host:port>', 'serve Prometheus metrics')
      .option('--log-level <level>', 'trace, debug, info, warn, error', 'info')
      .option('--idle <seconds>', 'end after this long without an open workflow')
      .option('--make-current', 'take new runs even if a newer build does')
      .option(
        '--drain',
        'do not poll: say whether the workers of a build may stop; exits with 7 while runs of it are open',
      )
      .option('--build <id>', 'with --drain: ask for another build than this one')
      .option('--wait', 'with --drain: wait until they may stop')
      .option('--unversioned', 'poll the queue without Worker Versioning; the queue then belongs to one build'),
    async () => (await import('./commands/worker')).worker as Action,
  );
  on(
    add('codec-server', 'decode and encode payloads for the Temporal UI, with the codec that ROWPROOF_CODEC names')
      .option('--listen <host:port>', 'where', '127.0.0.1:8888')
      .requiredOption('--origin <url...>', 'address of the Temporal UI as the browser shows it; repeatable'),
    async () => (await import('./commands/codec-server')).codecServer as Action,
  );
  const dev = program.command('dev').description('the local PostgreSQL and Temporal');
  for (const [action, description] of [
    ['up', 'start both'],
    ['down', 'stop both'],
    ['status', 'what runs'],
  ] as const) {
    on(dev.command(action).description(description), async () => {
      const { dev: run } = await import('./commands/dev');
      return ((terminal: Terminal) => run(terminal, action)) as Action;
    });
  }
  on(
    add('demo', 'migrate a generated legacy CRM, end to end')
      .option('--rows <n>', 'about how many source rows')
      .option('--seed <n>', 'seed of the generator', '7')
      .option('--pattern <name>', 'hybrid: beside an application that writes; copy: from a quiet source', 'hybrid'),
    async () => (await import('./commands/demo')).demo as Action,
  );
  on(
    add('doctor', 'check what rowproof needs on this machine').argument(
      '[plan]',
      'also try the connections of this plan',
    ),
    async () => (await import('./commands/doctor')).doctor as Action,
  );
  on(add('errors', 'the error catalogue').argument('[code]'), async () => {
    const { errors } = await import('./commands/errors');
    return ((_: Terminal, code: string | undefined) => errors(code)) as Action;
  });
  on(add('completion', 'print a completion script').argument('<shell>', 'bash, zsh or fish'), async () => {
    const { completion } = await import('./commands/completion');
    return ((_: Terminal, shell: string) => completion(program, shell)) as Action;
  });
  return program;
}
