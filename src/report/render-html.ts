import type { ReportDocument } from '../contract/report';
import { duration, moment } from './format';
import { html, Html, type HtmlPart } from './html';
import { batchSection, phaseSection, stepSection } from './section-timeline';
import { reconciliationSection, checkSection, proofSection } from './section-proof';
import { cutoverSection } from './section-cutover';
import { decisionSection, eventSection, findingSection, quarantineSection } from './section-rows';
import { reportStyle } from './report-style';

/** Good, bad, or neither yet: what colours the verdict. */
function state(report: ReportDocument): { tone: 'good' | 'bad' | ''; badge: string } {
  if (report.outcome === 'complete' && report.verdict?.green === true) {
    const partial = report.sample !== null || report.only.length > 0;
    return { tone: partial ? '' : 'good', badge: partial ? 'PART PROVED' : 'COMPLETE' };
  }
  if (report.outcome === 'rolled_back') return { tone: '', badge: 'ROLLED BACK' };
  if (report.outcome === 'checked') return { tone: '', badge: 'CHECKED' };
  if (report.outcome !== null) return { tone: 'bad', badge: report.outcome.toUpperCase() };
  if (report.verdict !== null)
    return report.verdict.green ? { tone: 'good', badge: 'PROVED' } : { tone: 'bad', badge: 'NOT PROVED' };
  return { tone: '', badge: 'UNDER WAY' };
}

function facts(report: ReportDocument): Html {
  const entries: [string, HtmlPart][] = [
    ['Plan', report.plan],
    ['Plan code', html`<code>${report.code}</code>`],
    ['Opened', moment(report.openedAt)],
    ['Closed', report.closedAt === null ? `not yet (phase ${report.phase})` : moment(report.closedAt)],
    ['Duration', duration(report.seconds)],
    ['Engine', report.engine],
    ...(report.ticket === null ? [] : [['Ticket', report.ticket] as [string, HtmlPart]]),
    ...(report.sample === null ? [] : [['Sample', `${report.sample} % of the rows`] as [string, HtmlPart]]),
    ...(report.only.length === 0 ? [] : [['Only', report.only.join(', ')] as [string, HtmlPart]]),
  ];
  return html`<dl class="facts">
    ${entries.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

/** What the run's sentence says that the verdict's does not: it often begins with that one. */
function beyond(sentence: string, verdict: string): string {
  return sentence.startsWith(verdict) ? sentence.slice(verdict.length).replace(/^[;.]?\s*/, '') : sentence;
}

function capital(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

function verdictSection(report: ReportDocument): Html {
  const { tone, badge } = state(report);
  const sentence = report.verdict?.sentence ?? report.sentence ?? 'No verdict yet: validation has not finished.';
  const more = report.verdict === null ? '' : beyond(report.sentence ?? '', report.verdict.sentence);
  const problems = report.verdict?.problems ?? [];
  return html`<section class="verdict ${tone}">
    <div class="head">
      <h1>${report.run}</h1>
      <span class="badge ${tone}">${badge}</span>
    </div>
    <p class="sentence">${capital(sentence)}</p>
    ${more === '' ? null : html`<p class="soft">${capital(more)}</p>`}
    ${
      problems.length === 0
        ? null
        : html`<ul class="problems">
            ${problems.map((problem) => html`<li>${problem}</li>`)}
          </ul>`
    }
    ${facts(report)}
  </section>`;
}

/** One offline HTML page without scripts: every value in it is escaped, none of it is a row value. */
export function renderReportHtml(report: ReportDocument): string {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${report.run}: rowproof report</title>
        <style>
          ${new Html(reportStyle)}
        </style>
      </head>
      <body>
        <main>
          ${verdictSection(report)} ${reconciliationSection(report)} ${proofSection(report)} ${decisionSection(report)}
          ${quarantineSection(report)} ${findingSection(report)} ${checkSection(report)} ${phaseSection(report)}
          ${cutoverSection(report)} ${batchSection(report)} ${stepSection(report)} ${eventSection(report)}
          <footer>
            Plan digest <code>${report.digest}</code>. Made by rowproof ${report.engine} from the ledger of the run; it
            holds names, counts and digests, no row values.
          </footer>
        </main>
      </body>
    </html> `;
  return page.text;
}
