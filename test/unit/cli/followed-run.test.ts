import type { FollowStatus } from '../../../src/contract/delta';
import type { RunStatus } from '../../../src/contract/run';
import { renderStatus } from '../../../src/cli/screen/live-view';
import { renderEnd } from '../../../src/cli/screen/render-end';

const bare = (text: string): string => text.replace(/\u001b\[[0-9;]*m/g, '');
const at = '2026-03-01T03:04:05.000Z';
const follow: FollowStatus = {
  lag: { changes: 2, seconds: 0.42, walBytes: 0 },
  lagAt: at,
  caughtUp: true,
  pending: 0,
  throttled: null,
  trouble: null,
  warnings: ['The change log of legacy is 3.2 GiB of 4 GiB.'],
  provedAt: at,
  quarantined: 2199,
  drill: { at, freezeMs: 3100, outcome: 'drilled', sentence: 'Writers waited 3.1 s.', by: 'ben' },
  freeze: null,
  missing: [],
  maxFreezeMs: 5000,
  maxProofAgeMs: 3_600_000,
};
const status: RunStatus = {
  run: 'crm-3',
  plan: 'crm',
  code: '7f3a-91c2',
  phase: 'cutover',
  state: 'waiting',
  sentence: 'waits for approval of the cutover',
  startedAt: '2026-03-01T02:00:05.000Z',
  asOf: '2026-03-01T03:10:05.000Z',
  tables: [],
  undecided: [],
  blocked: [],
  gate: 'cutover',
  children: [],
  pattern: 'hybrid',
  follow,
};

describe('the screen of a run that follows its source', () => {
  const lines = (changes: Partial<RunStatus>): string[] =>
    renderStatus({ ...status, ...changes }, 'http://ui/crm-3').map(bare);
  const steps = ['discovery', 'prepare', 'capture', 'copy', 'delta', 'settle', 'finish', 'proof'];

  it('is at the gate of the cutover what an operator reads, word by word', () => {
    expect(lines({})).toEqual([
      'crm-3  CUTOVER, step 9 of 9  waiting  plan crm 7f3a-91c2  running 1h10m',
      ...steps.map((step) => `  ✓ ${step}`),
      '  ▶ cutover    waits for approval of the cutover',
      '  lag 0.42 s, 2 changes behind · proof green, 6 min old · 2,199 quarantined, all decided',
      '! The change log of legacy is 3.2 GiB of 4 GiB.',
      '! waits for approval of the cutover',
      '    Writes stop for about 3 s (drill 2026-03-01 03:04 UTC 3.1 s, limit 5.0 s).',
      '    try it, then release the writers:  rowproof cutover crm-3 --drill --by YOU --reason WHY',
      '    do it:  rowproof cutover crm-3 --code 7f3a-91c2 --by YOU --reason WHY',
      '    rowproof approve cutover --code 7f3a-91c2 --by YOU --reason WHY --run crm-3',
      '  Temporal UI  http://ui/crm-3',
    ]);
  });

  it('prints what goes on from a drill that reached the limit of its freeze', () => {
    const limits = { maxFreezeMs: 5000, books: 'frozen' as const, overridden: [] };
    const drill = { at, freezeMs: 5001, outcome: 'deadline' as const, sentence: '', by: 'ben', limits };
    const printed = lines({ follow: { ...follow, drill } });
    expect(printed).toContain('    Writes stop for a few seconds (no drill completed, limit 5.0 s).');
    const command = (line: string): string => line.replace(/^.*: {2}/, '');
    expect(printed.filter((line) => /--max-freeze|--books/.test(line)).map(command)).toEqual([
      'rowproof cutover crm-3 --code 7f3a-91c2 --by YOU --reason WHY --max-freeze 10s',
      'rowproof cutover crm-3 --drill --by YOU --reason WHY --max-freeze 10s',
      'rowproof cutover crm-3 --code 7f3a-91c2 --by YOU --reason WHY --books aligned',
      'rowproof cutover crm-3 --drill --by YOU --reason WHY --books aligned',
    ]);
  });

  it('names a stopped capture with its remedy', () => {
    const stopped = { what: 'capture', mapping: '', ordinal: 0, why: 'A trigger is disabled.' };
    expect(lines({ gate: null, state: 'blocked', blocked: [stopped] }).slice(-3)).toEqual([
      '! following is stopped: A trigger is disabled.',
      '    when it is fixed:  rowproof resolve capture resync --by YOU --reason WHY --run crm-3',
      '  Temporal UI  http://ui/crm-3',
    ]);
  });

  it('says after the freeze how long writes stopped, and offers neither drill nor cutover', () => {
    const freeze = { at, freezeMs: 2800, outcome: 'frozen' as const, sentence: '', by: 'ben' };
    const shown = lines({
      gate: 'switch',
      sentence: 'waits for confirmation of the switch',
      follow: { ...follow, freeze },
    });
    expect(shown.slice(10)).toEqual([
      '  writes stopped 2.8 s at 2026-03-01 03:04 UTC, approved by ben',
      '! The change log of legacy is 3.2 GiB of 4 GiB.',
      '! waits for confirmation of the switch',
      '    rowproof approve switch --code 7f3a-91c2 --by YOU --reason WHY --run crm-3',
      '  Temporal UI  http://ui/crm-3',
    ]);
  });
});

describe('the last screen of a run that cut over', () => {
  const record = {
    run: 'crm-3',
    plan: 'crm',
    code: '7f3a-91c2',
    ledger: 'env:CRM_URL',
    workflowId: 'crm-3',
    plansFolder: null,
    taskQueue: 'rowproof',
    startedAt: at,
    workerPid: null,
  };
  const freeze = { at, freezeMs: 2800, outcome: 'frozen' as const, sentence: '', by: 'ben' };
  const result = {
    verdict: 'Every row is accounted for.',
    run: 'crm-3',
    plan: 'crm',
    code: '7f3a-91c2',
    outcome: 'complete' as const,
    reconciliation: [],
    green: true,
    freeze,
    seconds: 4000,
  };
  const report = { html: 'report.html', json: 'report.json', document: {} as never };
  const end = renderEnd(record, { ok: true, result }, report, 'http://ui/crm-3', 'folder');

  it('says how long writes stopped, that there is no way back, and how the source takes writes again, word by word', () => {
    expect(bare(end.text ?? '').split('\n')).toEqual([
      'crm-3  COMPLETE: Every row is accounted for.  1h06m',
      '  Temporal UI  http://ui/crm-3',
      '  report       report.html',
      '  freeze       writes stopped 2.8 s at 2026-03-01 03:04 UTC, approved by ben',
      '  way back     none: the target takes the writes of the application now',
      '  source       frozen: it takes no writes until  rowproof finish crm-3 --release-freeze',
      '  left behind  schema rowproof on the target; when you are sure:  rowproof finish crm-3 --release-freeze',
    ]);
  });

  it('tells the freeze in its JSON as well', () => {
    expect([end.exit, end.data]).toMatchObject([0, { outcome: 'complete', freeze: { ms: 2800, at, by: 'ben' } }]);
  });
});
