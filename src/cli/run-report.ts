import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReportDocument } from '../contract/report';
import { withLedger } from './locate-run';
import { runFolder, type RunRecord } from './run-record';
import type { Terminal } from './terminal';

export interface WrittenReport {
  readonly html: string;
  readonly json: string;
  readonly document: ReportDocument;
}

/** Writes report.html and its JSON twin into the run's folder. */
export async function writeRunReport(terminal: Terminal, record: RunRecord): Promise<WrittenReport> {
  const { buildReport } = await import('../report/build-report');
  const { renderReportHtml } = await import('../report/render-html');
  const { readReportData } = await import('../postgres/ledger/run/report');
  const document = buildReport(
    await withLedger(terminal, record, 'report', (session, ref) => readReportData(session, ref.run)),
  );
  const folder = runFolder(terminal.cwd, record.run);
  mkdirSync(folder, { recursive: true });
  const html = join(folder, 'report.html');
  const json = join(folder, 'report.json');
  writeFileSync(html, renderReportHtml(document));
  writeFileSync(json, `${JSON.stringify(document, null, 2)}\n`);
  return { html, json, document };
}
