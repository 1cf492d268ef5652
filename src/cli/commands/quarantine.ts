import { userInfo } from 'node:os';
import { fail } from '../../errors/rowproof-error';
import { counted } from '../../report/counted';
import { group } from '../screen/live-view';
import { locateRun, withLedger } from '../locate-run';
import type { CommandResult, Terminal } from '../terminal';

export interface QuarantineOptions {
  readonly plan?: string;
  readonly csv?: boolean;
  readonly table?: string;
  readonly allColumns?: boolean;
}

/** Counts by reason; with --csv the original rows, read again from the source, which is recorded as an event. */
export async function quarantine(
  terminal: Terminal,
  run: string | undefined,
  options: QuarantineOptions,
): Promise<CommandResult> {
  if (options.csv === true && terminal.output !== 'text') {
    throw fail('RP9001', `--csv writes CSV and nothing else: leave --output ${terminal.output} out.`);
  }
  const record = await locateRun(terminal, run, options);
  if (options.csv === true) return exportCsv(terminal, record, options);
  const { quarantineByReason } = await import('../../postgres/ledger/quarantine/quarantine-summary');
  const groups = await withLedger(terminal, record, 'quarantine', (session) => quarantineByReason(session, record.run));
  const shown = groups.filter(({ mapping }) => options.table === undefined || mapping === options.table);
  const lines = shown.map(
    (one) =>
      `${group(one.rows).padStart(12)}  ${one.mapping.padEnd(20)} ${one.class.padEnd(12)} ${one.reason.padEnd(20)} ${one.finding}`,
  );
  return {
    data: { run: record.run, quarantine: shown },
    text: lines.join('\n') || `${record.run} has nothing in quarantine.`,
  };
}

async function exportCsv(
  terminal: Terminal,
  record: Awaited<ReturnType<typeof locateRun>>,
  options: QuarantineOptions,
): Promise<CommandResult> {
  const { exportQuarantine } = await import('../../engine/copy/export-quarantine');
  const rows = await withLedger(terminal, record, 'quarantine export', (_, ref, databases) =>
    exportQuarantine(
      databases,
      ref,
      { table: options.table ?? null, by: userInfo().username, allColumns: options.allColumns === true },
      (line) => terminal.out(line),
    ),
  );
  terminal.talk(`${counted(rows, 'row')} exported; recorded in the ledger of ${record.run}.`);
  return { data: { run: record.run, rows }, text: '' };
}
