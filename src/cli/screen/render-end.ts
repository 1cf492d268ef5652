import pc from 'picocolors';
import type { TableReconciliation } from '../../contract/run';
import { toDecide } from '../../progress/check-result';
import { finish, releaseFreeze, quoted, undo } from '../../progress/commands';
import { freezeLine } from '../../progress/follow-lines';
import { wayLines, type Way } from '../../progress/ways-out';
import { exitCodes } from '../exit-codes';
import { duration, group } from './live-view';
import type { RunRecord } from '../run-record';
import type { WrittenReport } from '../run-report';
import type { CommandResult } from '../terminal';
import type { WatchedEnd } from './watched-end';

/** The last screen of a run: verdict, books, where to look further. Its data is the JSON document of `run` and `demo`. */
export function renderEnd(
  record: RunRecord,
  end: WatchedEnd,
  report: WrittenReport,
  ui: string | null,
  folder: string,
  ways: readonly Way[] = [],
): CommandResult {
  const verdict = end.ok ? end.result.verdict : end.sentence;
  // a run that failed may have got as far as its books
  const reconciliation = end.ok ? end.result.reconciliation : report.document.reconciliation;
  const seconds = end.ok ? end.result.seconds : report.document.seconds;
  const outcome = end.ok ? end.result.outcome : end.outcome;
  const freeze = end.ok ? end.result.freeze : undefined;
  const green = end.ok && end.result.green;
  const headline = green ? pc.green(outcome.toUpperCase()) : pc.red(end.ok ? outcome.toUpperCase() : 'NOT COMPLETE');
  const lines = [
    `${pc.bold(record.run)}  ${headline}: ${verdict}${seconds === null ? '' : `  ${duration(seconds)}`}`,
    ...(reconciliation.length === 0 ? [] : renderReconciliation(reconciliation)),
    ...(ui === null ? [] : [`  Temporal UI  ${ui}`]),
    `  report       ${report.html}`,
    ...(outcome === 'complete'
      ? [
          ...(freeze === undefined
            ? [`  way back     ${undo(record.run)}`]
            : [
                `  freeze       ${freezeLine(freeze)}`,
                '  way back     none: the target takes the writes of the application now',
              ]),
          ...(freeze === undefined
            ? []
            : [`  source       frozen: it takes no writes until  ${releaseFreeze(record.run)}`]),
          `  left behind  schema rowproof on the target; when you are sure:  ${freeze === undefined ? finish(record.run) : releaseFreeze(record.run)}`,
        ]
      : []),
    ...(end.ok ? toDecide(end.result.findings ?? []) : wayLines(ways)),
    ...(end.ok && outcome === 'checked' && record.planFile != null
      ? [`    rowproof run ${quoted(record.planFile)}`]
      : []),
  ];
  return {
    exit: green ? exitCodes.ok.code : exitCodes.notProved.code,
    text: lines.join('\n'),
    data: {
      verdict,
      outcome,
      run: record.run,
      plan: record.plan,
      code: record.code,
      tables: reconciliation.map(({ mapping, target, source, migrated, quarantined, outOfScope, unexplained }) => ({
        table: mapping,
        target,
        source,
        migrated,
        quarantined,
        out_of_scope: outOfScope,
        unexplained,
      })),
      ...(end.ok && end.result.findings !== undefined ? { findings: end.result.findings } : {}),
      ...(freeze === undefined ? {} : { freeze: { ms: freeze.freezeMs, at: freeze.at, by: freeze.by } }),
      seconds,
      ui,
      report: report.html,
      report_json: report.json,
      folder,
    },
  };
}

function renderReconciliation(reconciliation: readonly TableReconciliation[]): string[] {
  const width = Math.max(...reconciliation.map((book) => book.mapping.length), 8);
  const headings = ['source =', 'out of scope +', 'quarantined +', 'migrated', 'unexplained'];
  const row = (name: string, cells: readonly string[]): string =>
    `  ${name.padEnd(width)}${cells.map((cell, at) => cell.padStart(Math.max(12, (headings[at] ?? '').length + 1))).join('')}`;
  return [
    row('', headings),
    ...reconciliation.map((book) =>
      row(book.mapping, [book.source, book.outOfScope, book.quarantined, book.migrated, book.unexplained].map(group)),
    ),
  ];
}
