import { buildReport } from '../../../src/report/build-report';
import { renderReportHtml } from '../../../src/report/render-html';
import { appendEvent } from '../../../src/postgres/ledger/run/event';
import { setPhase } from '../../../src/postgres/ledger/run/phase';
import { readReportData } from '../../../src/postgres/ledger/run/report';
import type { ReportDocument } from '../../../src/contract/report';
import { openValidationRun, type ValidationRun } from '../validate/validation-run';

jest.setTimeout(120_000);

let run: ValidationRun;
let report: ReportDocument;

beforeAll(async () => {
  run = await openValidationRun({
    source: `create table person (no int primary key, mail text, born text);
      insert into person select g, 'canary' || g || '@secret.example', case when g % 10 = 0 then 'canary-date' else '2020-01-01' end from generate_series(1, 100) g`,
    target: `create table person (no int primary key, mail text unique, born date, check (no <> 33))`,
    mappings: [
      {
        name: 'person',
        where: 'no <= 90',
        columns: [
          { target: 'no' },
          { target: 'mail' },
          { target: 'born', steps: [{ name: 'parse_date', args: ['YYYY-MM-DD'] }] },
        ],
        rules: { mail: [{ name: 'unique', args: null }] },
      },
    ],
    decisions: [
      { finding: 'person.born.*', do: 'quarantine', expect: { rows: 9, tolerance: 0 }, because: 'no date', by: 'ana' },
      { finding: 'person.*.check', do: 'quarantine', expect: null, because: 'odd', by: 'ana' },
    ],
  } as never);
  const session = await run.databases.ledger(run.ref, 'test');
  await setPhase(session, run.ref.run, 'proof', 'started');
  await run.validate();
  await setPhase(session, run.ref.run, 'proof', 'finished');
  await appendEvent(session, run.ref.run, 'approved', { gate: 'copy', by: 'ben', reason: 'ready' });
  report = buildReport(await readReportData(session, run.ref.run));
  await session.close();
});

afterAll(() => run.drop());

test('The report says what the ledger says', () => {
  expect(report).toMatchObject({
    version: 1,
    run: 'crm-1',
    verdict: { green: true, sentence: 'every row accounted for, every field proved', problems: [] },
    reconciliation: [{ mapping: 'person', source: 100, migrated: 80, quarantined: 10, outOfScope: 10, unexplained: 0 }],
    proof: [{ mapping: 'person', rows: 90, identical: 80, decided: 10, mismatch: 0, slices: 1, proved: 1 }],
    batches: [{ mapping: 'person', batches: 1, done: 1, blocked: 0, careful: 0, migrated: 80 }],
    decisions: [
      { finding: 'person.born.*', expected: 9, observed: 9, asExpected: true },
      { finding: 'person.*.check', expected: null, observed: 1, asExpected: true },
    ],
    chain: { intact: true, events: 1 },
    events: [{ seq: 1, kind: 'approved', body: { by: 'ben' } }],
  });
  expect(report.quarantine).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ finding: 'person.born.bad_date', rows: 9, sqlstate: null }),
      expect.objectContaining({ constraint: 'person_no_check', rows: 1, sqlstate: '23514' }),
    ]),
  );
  expect(report.phases).toMatchObject([{ phase: 'proof', seconds: expect.any(Number) as number }]);
});

test('Neither page nor document holds a row value', () => {
  const page = renderReportHtml(report);
  expect(page).toContain('PROVED');
  for (const text of [page, JSON.stringify(report)]) expect(text).not.toMatch(/canary|secret/);
});
