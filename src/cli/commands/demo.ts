import { join } from 'node:path';
import pc from 'picocolors';
import type { LiveWriterReport } from '../../dev/live-writer';
import type { DemoPlace } from '../../dev/provision-demo';
import { fail } from '../../errors/rowproof-error';
import { startDemoOperator } from '../demo-operator';
import type { CommandResult, Terminal } from '../terminal';
import { exitCodes } from '../exit-codes';
import { withLedger } from '../locate-run';
import { listRecords, recallRun } from '../run-record';
import { wholeNumber } from '../number-option';
import { run } from './run';
import { counted } from '../../report/counted';

export interface DemoOptions {
  readonly rows?: string;
  readonly seed: string;
  /** hybrid: the source is written to all the time. copy: it is quiet. */
  readonly pattern: string;
}

const defaultRows = 260_000;

/**
 * Generates a dirty legacy CRM, migrates it through Temporal while an application goes on writing to it, cuts over, proves
 * it, and holds the quarantine against the truth manifest.
 */
export async function demo(terminal: Terminal, options: DemoOptions): Promise<CommandResult> {
  const rows = options.rows === undefined ? defaultRows : wholeNumber('--rows', options.rows, 1_000, 20_000_000);
  const seed = wholeNumber('--seed', options.seed, 0);
  const hybrid = isHybrid(options.pattern);
  const { devDown, devUp } = await import('../../dev/environment');
  const { stateFolder } = await import('../../dev/state-folder');
  const { provisionDemo } = await import('../../dev/provision-demo');
  const { compareManifest } = await import('../../demo/compare-manifest');
  const { readQuarantine } = await import('../../postgres/ledger/quarantine/quarantine-summary');
  const environment = await devUp({ say: terminal.talk });
  try {
    terminal.talk(`Generating a legacy CRM of about ${rows} rows from seed ${seed} …`);
    const place = await provisionDemo(environment.postgres.url, join(stateFolder(), 'demo'), {
      seed,
      rows,
      capture: hybrid ? 'triggers' : 'none',
    });
    terminal.talk(
      `${place.rows} rows in 7 legacy tables, ${place.manifest.planted.length} of them with a planted fault or linked to such a row; plan ${place.plan}`,
    );
    const { result, application } = hybrid
      ? await runBesideApplication(terminal, place, seed)
      : { result: await run(terminal, place.plan, { wait: true }), application: null };
    const record = recallRun(terminal.cwd, undefined);
    const seen = await withLedger(terminal, record, 'demo', (session) => readQuarantine(session, record.run));
    const truth = compareManifest(place.manifest.planted, seen);
    const agrees = truth.differences.length === 0;
    const said = agrees
      ? `${pc.green('✓')} the quarantine agrees with the truth manifest: ${counted(truth.agreed, 'row')}, every key and reason`
      : `${pc.red('✗')} the quarantine differs from the truth manifest in ${counted(truth.differences.length, 'row')}: ${truth.differences.slice(0, 5).join('; ')}`;
    return {
      exit: agrees ? (result.exit ?? exitCodes.ok.code) : exitCodes.notProved.code,
      data: {
        ...(result.data as object),
        source_rows: place.rows,
        ...(application === null ? {} : { application }),
        manifest: { ...truth, differences: truth.differences.slice(0, 100) },
      },
      text: [
        result.text,
        ...(application === null ? [] : [applicationLine(application)]),
        said,
        ...(terminal.interactive ? staysUp(environment.temporal.uiUrl) : []),
      ].join('\n'),
    };
  } finally {
    if (!terminal.interactive) {
      stopWorker(terminal.cwd);
      await devDown({ say: terminal.talk });
      terminal.talk('Both keep their data: `rowproof dev up` brings them back, with this run in the Temporal UI.');
    }
  }
}

function isHybrid(pattern: string): boolean {
  if (pattern === 'hybrid' || pattern === 'copy') return pattern === 'hybrid';
  throw fail('RP9001', `--pattern takes hybrid or copy, not ${pattern}.`);
}

/** The run with an application that writes until it is refused, and somebody who approves the cutover. */
async function runBesideApplication(
  terminal: Terminal,
  place: DemoPlace,
  seed: number,
): Promise<{ result: CommandResult; application: LiveWriterReport }> {
  const { startLiveWriter } = await import('../../dev/live-writer');
  const writer = await startLiveWriter(place.applicationUrl, seed, place.live);
  const operator = startDemoOperator(terminal);
  terminal.talk('An application keeps writing to the legacy database: customers, orders, changes, deletions.');
  let result: CommandResult;
  try {
    result = await run(terminal, place.plan, { wait: true });
  } finally {
    await operator.stop();
  }
  return { result, application: await writer.stop() };
}

function applicationLine({ committed, longestMs, refusedWith }: LiveWriterReport): string {
  const end = refusedWith === null ? 'was never refused' : 'was refused from the freeze on';
  return `  application  ${counted(committed, 'transaction')} during the run, the longest waited ${(longestMs / 1000).toFixed(2)} s; it ${end}`;
}

/** Ends the worker that `run` started for this demo; without a server it has nothing to do. */
function stopWorker(cwd: string): void {
  const pid = listRecords(cwd)[0]?.workerPid ?? null;
  if (pid === null) return;
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // ended already
  }
}

function staysUp(uiUrl: string): string[] {
  return [
    '',
    `PostgreSQL and Temporal stay up: open ${uiUrl}`,
    'Look at them with `rowproof dev status`, stop them with `rowproof dev down`.',
  ];
}
