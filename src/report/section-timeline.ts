import type { ReportDocument } from '../contract/report';
import { bytes, duration, figure, moment } from './format';
import { html, type Html } from './html';
import { table } from './table';
import { counted } from './counted';

type PhaseRow = ReportDocument['phases'][number];

/** Where a phase lies in the run, as a bar. */
function track(report: ReportDocument, phase: PhaseRow): Html {
  const begin = Date.parse(report.openedAt);
  const ends = report.phases.map((one) => Date.parse(one.finishedAt ?? one.startedAt));
  const whole = Math.max(1, ...ends.map((end) => end - begin));
  const from = Math.max(0, Date.parse(phase.startedAt) - begin);
  const to = Date.parse(phase.finishedAt ?? phase.startedAt) - begin;
  const percent = (value: number): string => ((100 * value) / whole).toFixed(2);
  return html`<div class="track">
    <i style="left:${percent(from)}%;width:${percent(Math.max(0, to - from))}%"></i>
  </div>`;
}

export function phaseSection(report: ReportDocument): Html {
  return html`<section>
    <h2>Phases</h2>
    ${table<PhaseRow>(
      [
        { head: 'Phase', cell: (row) => row.phase },
        { head: 'Started', cell: (row) => html`<span class="n">${moment(row.startedAt)}</span>` },
        {
          head: 'Took',
          cell: (row) =>
            row.finishedAt === null ? html`<span class="badge">not finished</span>` : duration(row.seconds),
          numeric: true,
        },
        { head: '', cell: (row) => track(report, row) },
      ],
      report.phases,
      'No phase has begun.',
    )}
  </section>`;
}

type BatchRow = ReportDocument['batches'][number];

function rate(row: BatchRow): string {
  return row.seconds === null || row.seconds <= 0 ? '' : figure(Math.round(row.migrated / row.seconds));
}

export function batchSection(report: ReportDocument): Html {
  return html`<section>
    <h2>Batches</h2>
    ${table<BatchRow>(
      [
        { head: 'Table', cell: (row) => row.mapping },
        { head: 'Done', cell: (row) => `${row.done}/${row.batches}`, numeric: true },
        { head: 'Blocked', cell: (row) => row.blocked, alarm: true },
        { head: 'Fast', cell: (row) => row.fast },
        { head: 'Careful', cell: (row) => row.careful },
        { head: 'Retries', cell: (row) => row.retries },
        { head: 'Migrated', cell: (row) => row.migrated },
        { head: 'Quarantined', cell: (row) => row.quarantined },
        { head: 'Out of scope', cell: (row) => row.outOfScope },
        { head: 'Bytes', cell: (row) => bytes(row.bytes), numeric: true },
        { head: 'Took', cell: (row) => duration(row.seconds), numeric: true },
        { head: 'Rows/s', cell: rate, numeric: true },
      ],
      report.batches,
      'No batches were planned.',
    )}
    ${
      report.blocked.length === 0
        ? null
        : table<ReportDocument['blocked'][number]>(
            [
              { head: 'Batch', cell: (row) => html`<span class="mono">${row.batch}</span>` },
              { head: 'Attempts', cell: (row) => row.attempts },
              { head: 'Why', cell: (row) => row.why },
            ],
            report.blocked,
            '',
          )
    }
  </section>`;
}

export function stepSection(report: ReportDocument): Html | null {
  if (report.steps.length === 0) return null;
  const open = report.steps.filter((step) => step.state === 'done').length;
  return html`<section>
    <h2>Changes to the target</h2>
    <p class="soft">
      ${counted(report.steps.length, 'change')} recorded, ${figure(open)} of them in effect; a rollback undoes them in
      reverse order.
    </p>
    <details>
      <summary>All changes</summary>
      ${table<ReportDocument['steps'][number]>(
        [
          { head: 'Change', cell: (row) => row.kind.replaceAll('_', ' ') },
          { head: 'Object', cell: (row) => html`<span class="mono">${row.subject}</span>` },
          { head: 'State', cell: (row) => row.state },
        ],
        report.steps,
        '',
      )}
    </details>
  </section>`;
}
