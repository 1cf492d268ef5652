import { reportDocument, type ReportDocument } from '../../../src/contract/report';
import { bytes, duration, figure, moment } from '../../../src/report/format';
import { html } from '../../../src/report/html';
import { renderReportHtml } from '../../../src/report/render-html';
import { redReport, sampleReport } from './sample-report';

/** The document with every text in it replaced. */
function poisoned(value: unknown, text: string): unknown {
  if (typeof value === 'string') return text;
  if (Array.isArray(value)) return value.map((item) => poisoned(item, text));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, poisoned(item, text)]));
  }
  return value;
}

describe('renderReportHtml', () => {
  it('shows verdict, books, proof, decisions and phases', () => {
    const page = renderReportHtml(sampleReport);
    for (const text of [
      'COMPLETE',
      'Every row accounted for, every field proved',
      '59,690,207',
      '17m00s',
      'CHG-4711',
      'chain intact',
    ]) {
      expect(page).toContain(text);
    }
    expect(page).toContain('1,204 ± 10 expected, 1,204 seen');
  });

  it('says for how long writes stopped, or since when where the sources were frozen first', () => {
    const freeze = {
      at: '2026-11-22T20:07:00Z',
      drill: false,
      by: 'ben',
      outcome: 'frozen',
      freezeMs: 2_800,
      lockAttempts: 1,
      changedKeys: 0,
      sentence: '',
    };
    const short = { ...sampleReport, cutovers: [freeze] };
    expect(renderReportHtml(short)).toContain('Writes stopped 2.8 s at 2026-11-22 20:07:00 UTC, approved by ben.');
    const first = { phase: 'freeze', startedAt: sampleReport.openedAt, finishedAt: freeze.at, seconds: 0 };
    const page = renderReportHtml({ ...short, phases: [first, ...short.phases] });
    expect(page).toContain('Writes have been stopped since 2026-11-22 20:07:00 UTC, before the copy; started by ben.');
    expect(page).not.toContain('Writes stopped');
  });

  it('calls a freeze at the end of a followed run no freeze before the copy', () => {
    const at = '2026-03-01T14:40:00.000Z';
    const freeze = { drill: false, by: 'ben', outcome: 'frozen', freezeMs: 2_800, lockAttempts: 1, changedKeys: 1514 };
    const page = renderReportHtml({
      ...sampleReport,
      cutovers: [{ ...freeze, at, sentence: '' }],
      phases: [...sampleReport.phases, { phase: 'freeze', startedAt: at, finishedAt: at, seconds: 0 }],
    });
    expect(page).toContain('Writes stopped 2.8 s at 2026-03-01 14:40:00 UTC, approved by ben.');
    expect(page).not.toContain('before the copy');
  });

  it('says of writers that no look saw that changes came all the same', () => {
    const freeze = {
      at: '2026-03-01T14:40:00.000Z',
      drill: false,
      by: 'ben',
      outcome: 'frozen',
      freezeMs: 1,
      sentence: '',
    };
    const cutovers = [{ ...freeze, lockAttempts: 1, changedKeys: 0 }];
    const page = renderReportHtml({ ...sampleReport, cutovers, followed: { rounds: 3, keys: 1514 } });
    expect(page).toContain('but 1,514 changed keys came from the sources while the run followed them.');
    expect(renderReportHtml({ ...sampleReport, cutovers })).toContain('No session was seen writing.');
  });

  it('shows rows that came after the proof beside those it compared, so that both add up to the books', () => {
    const [customer] = sampleReport.proof;
    const later = { ...customer!, rows: 2344000, identical: 2323351, since: 847 };
    const page = renderReportHtml({ ...sampleReport, proof: [later] });
    expect(page).toContain('Came since');
    expect(page).toMatch(/2,344,000[^]*847/);
    expect(page).toMatch(/Rows and what came since are the source of the books\s+without what is out of scope/);
    expect(renderReportHtml(sampleReport)).not.toContain('Came since');
  });

  it('says once what the verdict and the sentence of the run have in common', () => {
    const verdict = { ...sampleReport.verdict!, sentence: 'every row accounted for' };
    const sentence = 'every row accounted for; writes stopped 0.73 s';
    const page = renderReportHtml({ ...sampleReport, verdict, sentence });
    expect(page).toContain('<p class="sentence">Every row accounted for</p>');
    expect(page).toContain('<p class="soft">Writes stopped 0.73 s</p>');
  });

  it('shows a run that is not proved as such', () => {
    const page = renderReportHtml(redReport);
    expect(page).toContain('FAILED');
    expect(page).toContain('<td class="n alarm">3</td>');
    expect(page).toContain('chain broken');
    expect(page).not.toContain('COMPLETE');
  });

  it('never calls a sample or a part complete', () => {
    expect(renderReportHtml({ ...sampleReport, sample: 1 })).not.toContain('>COMPLETE<');
    expect(renderReportHtml({ ...sampleReport, only: ['customer'] })).not.toContain('>COMPLETE<');
  });

  it('renders a run that has only begun', () => {
    const empty = Object.fromEntries(
      Object.entries(sampleReport).map(([name, value]) => [name, Array.isArray(value) ? [] : value]),
    ) as unknown as ReportDocument;
    const page = renderReportHtml({
      ...empty,
      outcome: null,
      sentence: null,
      verdict: null,
      closedAt: null,
      seconds: null,
    });
    expect(page).toContain('UNDER WAY');
    expect(page).toContain('Nothing is proved yet.');
  });

  it('escapes every text, wherever it stands, and needs nothing from elsewhere', () => {
    const evil = `"><script>alert('x')</script>&amp;`;
    const page = renderReportHtml(poisoned(redReport, evil) as ReportDocument);
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;script&gt;');
    expect(page).not.toMatch(/https?:|src=|url\(/);
  });

  it('is valid by its own contract', () => {
    expect(reportDocument.parse(sampleReport)).toEqual(sampleReport);
    expect(() => reportDocument.parse({ ...sampleReport, extra: 1 })).toThrow();
  });
});

describe('html', () => {
  it('escapes what is inserted and keeps what it made itself', () => {
    const inner = html`<b>${'<&>'}</b>`;
    expect(html`<i title="${`"'`}">${[inner, 1, null]}</i>`.text).toBe(
      '<i title="&quot;&#39;"><b>&lt;&amp;&gt;</b>1</i>',
    );
  });
});

describe('figures and times', () => {
  it.each([
    [figure(1234567), '1,234,567'],
    [figure(-1204), '-1,204'],
    [figure(999), '999'],
    [duration(0.4), '0.40 s'],
    [duration(59.94), '59.9 s'],
    [duration(332), '5m32s'],
    [duration(3900), '1h05m'],
    [duration(null), ''],
    [moment('2026-11-22T20:07:04.123Z'), '2026-11-22 20:07:04 UTC'],
    [moment('2026-11-22 20:07:04.123456+00'), '2026-11-22 20:07:04 UTC'],
    [bytes(33554432), '32.0 MiB'],
    [bytes(12), '12 B'],
  ])('writes %s', (written, wanted) => {
    expect(written).toBe(wanted);
  });
});
