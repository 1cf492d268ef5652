import type { ReportDocument } from '../contract/report';
import { duration, moment } from './format';
import { html, type Html } from './html';
import { table } from './table';
import { counted } from './counted';

type Attempt = ReportDocument['cutovers'][number];

/** `first`: the sources were frozen before the copy, and stay so. */
function stopped(frozen: Attempt | undefined, first: boolean): Html {
  if (frozen === undefined) return html`<p class="soft">The sources were not frozen.</p>`;
  const { at, by, freezeMs } = frozen;
  if (first) return html`<p>Writes have been stopped since ${moment(at)}, before the copy; started by ${by}.</p>`;
  return html`<p>Writes stopped ${duration(freezeMs / 1000)} at ${moment(at)}, approved by ${by}.</p>`;
}

/** A followed run freezes at its end: only where the freeze began before the copy were the sources frozen first. */
function frozenFirst({ phases }: ReportDocument): boolean {
  const begun = (name: string): string | undefined => phases.find(({ phase }) => phase === name)?.startedAt;
  const [freeze, copy] = [begun('freeze'), begun('copy')];
  return freeze !== undefined && (copy === undefined || freeze <= copy);
}

/** Looks are moments: what came from the sources meanwhile says whether somebody wrote all the same. */
function nobodySeen({ followed }: ReportDocument): string {
  if (followed === null || followed.keys === 0) return 'No session was seen writing.';
  return `No writing session was seen when rowproof looked, but ${counted(followed.keys, 'changed key')} came from the sources while the run followed them.`;
}

/** A setting that did not come from the plan says whose word it was. */
function chosenBy({ by, limits }: Attempt, name: 'max_freeze' | 'books'): string {
  return limits?.overridden.includes(name) === true ? `, set by ${by} and not by the plan` : '';
}

function limitCell(row: Attempt): Html | string {
  if (row.limits === undefined) return '';
  return html`<span class="n">${duration(row.limits.maxFreezeMs / 1000)}</span>${chosenBy(row, 'max_freeze')}`;
}

function countedCell(row: Attempt): string {
  if (row.limits === undefined) return '';
  const when = row.limits.books === 'frozen' ? 'while writers wait' : 'right before the freeze';
  return `${when}${chosenBy(row, 'books')}`;
}

/** What the attempts said of themselves: a sentence has no room in a row. */
function sentences(attempts: readonly Attempt[]): Html[] {
  return attempts
    .filter(({ sentence }) => sentence !== '')
    .map(({ at, sentence }) => html`<p class="soft">${moment(at)}: ${sentence}</p>`);
}

/** How long writers could not write, in drills and in the cutover, and who they were; null for a run without a cutover. */
export function cutoverSection(report: ReportDocument): Html | null {
  if (report.cutovers.length === 0) return null;
  const frozen = report.cutovers.findLast(({ drill, outcome }) => !drill && outcome === 'frozen');
  const first = frozenFirst(report);
  return html`<section>
    <h2>Cutover</h2>
    ${stopped(frozen, first)}
    ${table<Attempt>(
      [
        { head: 'At', cell: (row) => html`<span class="n">${moment(row.at)}</span>` },
        { head: 'What', cell: (row) => (row.drill ? 'drill' : 'cutover') },
        { head: 'By', cell: (row) => row.by },
        { head: 'Outcome', cell: (row) => row.outcome.replaceAll('_', ' ') },
        { head: 'Writers waited', cell: (row) => duration(row.freezeMs / 1000), numeric: true },
        { head: 'Limit', cell: limitCell },
        { head: 'Both sides counted', cell: countedCell },
        { head: 'Lock attempts', cell: (row) => row.lockAttempts },
        { head: 'Keys proved again', cell: (row) => row.changedKeys },
      ],
      report.cutovers,
      '',
    )}
    ${sentences(report.cutovers)}
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
      nobodySeen(report),
    )}
  </section>`;
}
