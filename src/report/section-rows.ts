import type { ReportDocument } from '../contract/report';
import { planDecisions } from '../progress/check-result';
import { decisionFor } from '../profile/decision-match';
import { figure, moment } from './format';
import { html, type Html } from './html';
import { table } from './table';
import { counted } from './counted';

type Decision = ReportDocument['decisions'][number];

function effect(decision: Decision): Html {
  if (decision.expected === null) return html`<span class="soft">${counted(decision.observed, 'row')}</span>`;
  const tone = decision.asExpected ? 'good' : 'bad';
  const promised = `${figure(decision.expected)}${decision.tolerance ? ` ± ${figure(decision.tolerance)}` : ''}`;
  return html`<span class="badge ${tone}">${promised} expected, ${figure(decision.observed)} seen</span>`;
}

/** What stands where no decision was made: nothing was asked, or everything still is. */
function withoutDecisions(report: ReportDocument): string {
  const open = report.findings.filter(({ severity }) => severity === 'decide').length;
  if (open === 0) return 'No decision was needed.';
  return `No decision was made; ${open === 1 ? '1 finding needs' : `${open} findings need`} one.`;
}

/** The lines of the plan that decide what a check found. */
function decisionsToWrite(report: ReportDocument): Html | null {
  const open = report.findings.filter(
    ({ id, severity }) => severity === 'decide' && decisionFor(report.decisions, id) === null,
  );
  if (report.outcome !== 'checked' || open.length === 0) return null;
  const lines = planDecisions(open.map(({ id, rows, choices }) => ({ id, rows, choices: choices ?? [] })));
  return html`<p>Write these decisions into the plan, then run it:</p>
    <pre>${lines.join('\n')}</pre>`;
}

export function decisionSection(report: ReportDocument): Html {
  return html`<section>
    <h2>Decisions</h2>
    ${table<Decision>(
      [
        { head: 'Finding', cell: (row) => html`<span class="mono">${row.finding}</span>` },
        { head: 'Decision', cell: (row) => row.action },
        { head: 'Effect', cell: effect },
        { head: 'By', cell: (row) => html`${row.by}<br /><span class="soft">${row.origin}</span>` },
        { head: 'Because', cell: (row) => row.reason },
      ],
      report.decisions,
      withoutDecisions(report),
    )}
    ${decisionsToWrite(report)}
  </section>`;
}

export function quarantineSection(report: ReportDocument): Html {
  return html`<section>
    <h2>Rows left behind</h2>
    ${table<ReportDocument['quarantine'][number]>(
      [
        { head: 'Table', cell: (row) => row.mapping },
        { head: 'Reason', cell: (row) => row.reason.replaceAll('_', ' ') },
        { head: 'Finding', cell: (row) => html`<span class="mono">${row.finding}</span>` },
        { head: 'Class', cell: (row) => row.class.replaceAll('_', ' ') },
        {
          head: 'From the server',
          cell: (row) => [row.sqlstate, row.constraint].filter((one) => one !== null).join(' '),
        },
        { head: 'Rows', cell: (row) => row.rows },
      ],
      report.quarantine,
      'No row is in quarantine.',
    )}
    ${
      report.adjustments.length === 0
        ? null
        : html`<details>
            <summary>What settling changed after the receipts</summary>
            ${table<ReportDocument['adjustments'][number]>(
              [
                { head: 'Table', cell: (row) => row.mapping },
                { head: 'Finding', cell: (row) => html`<span class="mono">${row.finding}</span>` },
                { head: 'Migrated', cell: (row) => row.migrated },
                { head: 'Quarantined', cell: (row) => row.quarantined },
                { head: 'Out of scope', cell: (row) => row.outOfScope },
              ],
              report.adjustments,
              '',
            )}
          </details>`
    }
  </section>`;
}

export function findingSection(report: ReportDocument): Html {
  const existing = (finding: ReportDocument['findings'][number]): Html => {
    if (finding.severity === 'note') return html`<span class="soft">note</span>`;
    const decision = decisionFor(report.decisions, finding.id);
    if (decision === null) return html`<span class="badge">to decide</span>`;
    return html`<span class="badge good">${decision.action.replaceAll('_', ' ')}</span>`;
  };
  return html`<section>
    <h2>Findings</h2>
    ${table<ReportDocument['findings'][number]>(
      [
        { head: 'Finding', cell: (row) => html`<span class="mono">${row.id}</span>` },
        { head: '', cell: existing },
        { head: 'What', cell: (row) => row.sentence },
        { head: 'Rows', cell: (row) => row.rows },
      ],
      report.findings,
      'No findings.',
    )}
  </section>`;
}

function bodyText(body: Readonly<Record<string, unknown>>): string {
  return Object.entries(body)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' · ');
}

export function eventSection(report: ReportDocument): Html {
  const { chain } = report;
  return html`<section><h2>Events</h2>
<p>${
    chain.intact
      ? html`<span class="badge good">chain intact</span>`
      : html`<span class="badge bad">chain broken: an event was changed or removed</span>`
  } <span class="soft">${counted(chain.events, 'event')}, last hash</span> <code>${chain.head}</code></p>
<details${report.events.length <= 20 ? html` open` : null}><summary>All events</summary>${table<
    ReportDocument['events'][number]
  >(
    [
      { head: 'No.', cell: (row) => String(row.seq), numeric: true },
      { head: 'At', cell: (row) => html`<span class="n">${moment(row.at)}</span>` },
      { head: 'Event', cell: (row) => row.kind },
      { head: 'Details', cell: (row) => bodyText(row.body) },
    ],
    report.events,
    'No events.',
  )}</details>
</section>`;
}
