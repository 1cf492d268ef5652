import type { ReportDocument } from '../contract/report';
import { duration, moment } from './format';
import { html, type Html } from './html';
import { table } from './table';

type Attempt = ReportDocument['cutovers'][number];

/** How long writers could not write, in drills and in the cutover, and who they were; null for a run without a cutover. */
export function cutoverSection(report: ReportDocument): Html | null {
  if (report.cutovers.length === 0) return null;
  const frozen = report.cutovers.findLast(({ drill, outcome }) => !drill && outcome === 'frozen');
  return html`<section>
    <h2>Cutover</h2>
    ${
      frozen === undefined
        ? html`<p class="soft">The sources were not frozen.</p>`
        : html`<p>
            Writes stopped ${duration(frozen.freezeMs / 1000)} at ${moment(frozen.at)}, approved by ${frozen.by}.
          </p>`
    }
    ${table<Attempt>(
      [
        { head: 'At', cell: (row) => html`<span class="n">${moment(row.at)}</span>` },
        { head: 'What', cell: (row) => (row.drill ? 'drill' : 'cutover') },
        { head: 'By', cell: (row) => row.by },
        { head: 'Outcome', cell: (row) => row.outcome.replaceAll('_', ' ') },
        { head: 'Writers waited', cell: (row) => duration(row.freezeMs / 1000), numeric: true },
        { head: 'Lock attempts', cell: (row) => row.lockAttempts },
        { head: 'Keys proved again', cell: (row) => row.changedKeys },
        { head: '', cell: (row) => row.sentence },
      ],
      report.cutovers,
      '',
    )}
    <h3>Who writes to the sources</h3>
    ${table<ReportDocument['writers'][number]>(
      [
        { head: 'When', cell: (row) => (row.moment === 'before' ? 'before the freeze' : 'after the switch') },
        { head: 'Source', cell: (row) => row.source },
        { head: 'Application', cell: (row) => row.application },
        { head: 'User', cell: (row) => row.user },
        { head: 'Sessions', cell: (row) => row.sessions },
      ],
      report.writers,
      'Nobody was seen writing.',
    )}
  </section>`;
}
