import type { DeltaReport, FollowStatus } from '../../../src/contract/delta';
import { approveMessage } from '../../../src/contract/run';
import { overridesOf, refuseOverrides } from '../../../src/cutover/overrides';
import { onlyProofMissing, notReady, whyAgain } from '../../../src/progress/cutover-attempt';
import { expectedFreeze, freezeLine, lagOf, existing, warningsOf } from '../../../src/progress/follow-lines';
import { sameWarnings, isWorthReporting, type LastReport } from '../../../src/progress/follow-steps';
import {
  beginFollowing,
  lagStep,
  withChecklist,
  withFollowReport,
  withFreeze,
  withProof,
} from '../../../src/progress/follow-view';
import { currentDetails } from '../../../src/progress/current-details';
import {
  chosenBlocked,
  refuseCutover,
  refuseDrill,
  refuseDrillTerms,
  refuseResolution,
} from '../../../src/progress/refusals';
import { atGate, inPhase, newView, opened, type RunView } from '../../../src/progress/run-view';

const run = {
  ref: { run: 'crm-3', ledger: 'env:CRM_URL' },
  plan: 'crm',
  code: '7f3a-91c2',
  mappings: [{ name: 'customer', estimatedRows: 100, estimatedBytes: 1 }],
  gates: [],
  approvers: {},
  onFailure: 'ask' as const,
  inFlight: 4,
  pattern: 'hybrid' as const,
  capture: 'triggers' as const,
  confirmSwitch: false,
  limits: { maxFreezeMs: 5000, maxProofAgeMs: 3_600_000 },
  verdict: null,
  finished: [],
  begun: true,
  searchAttributes: true,
  identity: 'a1b2c3',
  plansFolder: null,
};
const at = '2026-03-01T03:04:05.000Z';
const report: DeltaReport = {
  rounds: 3,
  keys: 40,
  lag: { changes: 2, seconds: 0.42, walBytes: 0 },
  pending: 0,
  caughtUp: true,
  throttled: null,
  newFindings: [],
  quarantined: 0,
};
const begun = beginFollowing(opened(newView(at, 'crm'), run), run);
const following = withFollowReport(begun, { delta: report }, at);
const proved = withProof({ ...following, asOf: '2026-03-01T03:10:05.000Z' }, at, 2199);
const drilled = withFreeze(proved, 'drill', {
  at,
  freezeMs: 3100,
  outcome: 'drilled',
  sentence: 'Writers waited 3.1 s.',
  by: 'ben',
});
const follow = (view: RunView): FollowStatus => view.follow as FollowStatus;

describe('what screens say of a run that follows its source', () => {
  it('is lag, age of the proof and quarantine in one line', () => {
    expect(existing(proved)).toBe(
      'lag 0.42 s, 2 changes behind · proof green, 6 min old · 2,199 quarantined, all decided',
    );
    expect(existing(following)).toContain('not proved yet');
    expect(lagOf({ ...follow(following), throttled: 'load 41' })).toContain('throttled: load 41');
  });

  it('counts what waits once, and names WAL that a slot holds back once there is much of it', () => {
    const lag = { changes: 12_400, seconds: 3.1, walBytes: 300 * 2 ** 20 };
    const one = { lag, pending: 12_000, throttled: null };
    expect(lagOf(one)).toBe('lag 3.1 s, 12,400 changes behind, 300 MB of WAL held back');
    expect(lagOf({ ...one, lag: { ...lag, walBytes: 2 ** 20 } })).toBe('lag 3.1 s, 12,400 changes behind');
  });

  it('says "all decided" only while nothing in quarantine waits for a decision, with the number as rounds left it', () => {
    const later = withFollowReport(
      proved,
      { delta: { ...report, newFindings: ['orders.total.numeric'], quarantined: 2211 } },
      at,
    );
    expect(follow(later).quarantined).toBe(2211);
    const asked = { ...later, undecided: [{ id: 'orders.total.numeric' } as RunView['undecided'][number]] };
    expect(existing(asked)).toBe(
      'lag 0.42 s, 2 changes behind · proof green, 6 min old · 2,211 quarantined, 1 finding undecided',
    );
  });

  it('promises a length of the freeze only after a drill', () => {
    expect(expectedFreeze(follow(proved))).toBe('Writes stop for a few seconds (no drill yet, limit 5.0 s).');
    expect(expectedFreeze(follow(drilled))).toBe(
      'Writes stop for about 3 s (drill 2026-03-01 03:04 UTC 3.1 s, limit 5.0 s).',
    );
  });

  it('names who approved the freeze, and what is in the way of one', () => {
    expect(freezeLine({ at, freezeMs: 30, outcome: 'frozen', sentence: '', by: 'plan', first: true })).toBe(
      'writes stopped since 2026-03-01 03:04 UTC, before the copy',
    );
    expect(freezeLine({ at, freezeMs: 2800, outcome: 'frozen', sentence: '', by: 'ben' })).toBe(
      'writes stopped 2.8 s at 2026-03-01 03:04 UTC, approved by ben',
    );
    const lines = [
      { name: 'lag', ok: true, sentence: 'Fine.' },
      { name: 'rules_built', ok: false, sentence: 'An index is missing.' },
    ];
    expect(warningsOf(follow(withChecklist(proved, lines)))).toEqual([
      'Not ready for the cutover (rules built): An index is missing.',
    ]);
  });
});

describe('the page at the gate of the cutover', () => {
  const gate = atGate(inPhase(drilled, 'cutover', ''), 'cutover', '', 'waits');
  const text = currentDetails(gate);

  it('is what an operator reads, word by word', () => {
    expect(currentDetails(gate).split('\n')).toEqual([
      '**crm-3** · cutover · waits · as of 03:10:05 UTC',
      '',
      '**NEEDS YOU (1)**',
      '',
      'More Actions → Send an Update → choose the name, paste the JSON, fill in `by` and `reason`.',
      '',
      'CUT OVER crm?  lag 0.42 s, 2 changes behind · proof green, 6 min old · 2,199 quarantined, all decided',
      '',
      'Writes stop for about 3 s (drill 2026-03-01 03:04 UTC 3.1 s, limit 5.0 s).',
      '',
      'Update **approve**:',
      '',
      '```json',
      '{',
      '  "gate": "cutover",',
      '  "code": "7f3a-91c2",',
      '  "by": "",',
      '  "reason": ""',
      '}',
      '```',
      '',
      'Update **drill** tries everything, then releases the writers:',
      '',
      '```json',
      '{',
      '  "by": "",',
      '  "reason": ""',
      '}',
      '```',
      '',
      'Plan code `7f3a-91c2`. Cancel, Terminate and Reset undo nothing; `abort` does.',
    ]);
  });

  it('asks with what to know, and gives the JSON of the approval and of a drill', () => {
    expect(text).toContain('CUT OVER crm?  lag 0.42 s');
    expect(text).toContain('Writes stop for about 3 s');
    expect(text).toContain('"gate": "cutover"');
    expect(text).toContain('Update **drill**');
    expect(text).not.toContain('older than the plan allows');
  });

  it('says when the proof will be made again', () => {
    expect(currentDetails({ ...gate, asOf: '2026-03-01T05:10:05.000Z' })).toContain('older than the plan allows');
  });

  const limits = { maxFreezeMs: 5000, books: 'frozen' as const, overridden: [] };
  const stopped = withFreeze(gate, 'drill', {
    at,
    freezeMs: 5001,
    outcome: 'deadline',
    sentence: 'The freeze reached its limit.',
    by: 'ben',
    limits,
  });
  /** What offers are made of: the JSON blocks of the page that set something, each with the command below it. */
  const offered = (view: RunView): { json: unknown; command: string | undefined }[] =>
    [...currentDetails(view).matchAll(/```json\n([^`]*max_freeze[^`]*|[^`]*"books"[^`]*)\n```\n\n(?:`([^`]*)`)?/g)].map(
      ([, json, command]) => ({ json: JSON.parse(json as string) as unknown, command }),
    );

  it('offers a longer freeze, and counts right before it, where the last attempt or drill reached its limit', () => {
    const message = { gate: 'cutover', code: '7f3a-91c2', by: '', reason: '' };
    const command = 'rowproof cutover crm-3 --code 7f3a-91c2 --by YOU --reason WHY';
    expect(offered(gate)).toEqual([]);
    expect(offered(stopped)).toEqual([
      { json: { ...message, max_freeze: '10s' }, command: `${command} --max-freeze 10s` },
      { json: { ...message, books: 'aligned' }, command: `${command} --books aligned` },
    ]);
    for (const { json } of offered(stopped)) {
      const sent = { ...(json as object), by: 'ben', reason: 'why' };
      expect(refuseOverrides(approveMessage.parse(sent), 'cutover', false)).toBeNull();
    }
  });

  it('offers the settings of a drill that went well with them, and more of what still was too little', () => {
    const chosen = {
      maxFreezeMs: 10_000,
      books: 'aligned' as const,
      overridden: ['max_freeze' as const, 'books' as const],
    };
    const well = { at, freezeMs: 7000, outcome: 'drilled' as const, sentence: '', by: 'ben', limits: chosen };
    expect(offered(withFreeze(stopped, 'drill', well)).map(({ json }) => json)).toMatchObject([
      { max_freeze: '10s', books: 'aligned' },
    ]);
    expect(
      offered(withFreeze(stopped, 'drill', { ...well, outcome: 'deadline' as const })).map(({ json }) => json),
    ).toMatchObject([{ max_freeze: '20s', books: 'aligned' }]);
    expect(offered(withFreeze(stopped, 'drill', { ...well, limits: { ...limits } })).map(({ json }) => json)).toEqual(
      [],
    );
  });

  it('takes settings for the cutover only, and says what they may be', () => {
    expect(refuseOverrides({}, 'copy', false)).toBeNull();
    expect(refuseOverrides({ max_freeze: '8s', books: 'frozen' }, 'cutover', false)).toBeNull();
    for (const bad of ['8', '0s', 'soon', '8 h', '61min', 8, '-1s', ''])
      expect(refuseOverrides({ max_freeze: bad }, 'cutover', false)).toMatch(
        /^max_freeze is .*above 0 and at most 60min\.$/,
      );
    expect(refuseOverrides({ books: 'later' }, 'cutover', false)).toMatch(
      /^books is "later"; it has to be frozen .* or aligned /,
    );
    expect(refuseOverrides({ max_freeze: '8s' }, 'rollback', false)).toMatch(/gate rollback takes neither/);
    expect(refuseOverrides({ books: 'aligned' }, 'cutover', true)).toMatch(/frozen before the copy/);
    expect(overridesOf({ max_freeze: '1.5min', books: 'aligned' })).toEqual({ maxFreezeMs: 90_000, books: 'aligned' });
    expect(overridesOf({})).toBeUndefined();
    const drill = { by: 'eve', reason: 'why' };
    expect(refuseDrillTerms({ ...drill, max_freeze: '8s' }, { cutover: ['ben'] })).toBe(
      'eve may not set max_freeze; the plan names ben for the cutover.',
    );
    expect(refuseDrillTerms({ ...drill, books: 'aligned' }, { cutover: ['ben'] })).toBeNull();
    expect(refuseDrillTerms({ ...drill, max_freeze: '8s' }, {})).toBeNull();
  });

  it('says why the last attempt let the writers go', () => {
    expect(currentDetails({ ...gate, gateQuestion: 'The last attempt released the writers. Too slow.' })).toContain(
      'Too slow.',
    );
  });
});

describe('a stopped capture', () => {
  const stopped = withFollowReport(following, { stopped: 'A trigger is disabled.' }, at);

  it('needs an operator, who resyncs it or tries again', () => {
    expect(currentDetails(stopped)).toContain('Following is stopped: A trigger is disabled.');
    expect(currentDetails(stopped)).toContain('"do": "resync"');
    expect(withFollowReport(stopped, { stopped: null }, at).blocked).toEqual([]);
  });

  it('is no batch: it takes no quarantine, and a batch no resync', () => {
    const who = { by: 'ana', reason: 'because' };
    const batch = { what: 'orders:1', mapping: 'orders', ordinal: 1, why: '' };
    const both = [...stopped.blocked, batch];
    expect(refuseResolution({ what: 'capture', do: 'resync', ...who }, both)).toBeNull();
    expect(refuseResolution({ what: 'capture', do: 'quarantine', ...who }, both)).toBe(
      'capture takes resync or retry, not quarantine.',
    );
    expect(refuseResolution({ what: 'orders:1', do: 'resync', ...who }, both)).toBe(
      'orders:1 takes retry or quarantine, not resync.',
    );
    expect(chosenBlocked({ what: '*', do: 'quarantine', ...who }, both)).toEqual([batch]);
    expect(refuseResolution({ what: '*', do: 'resync', ...who }, [batch])).toContain('No blocked item takes resync');
  });

  it('keeps the cutover and drills away', () => {
    expect(refuseCutover(stopped, false)).toBe('No cutover while something is blocked: capture.');
    expect(refuseDrill(stopped, { open: true, busy: false, paused: false })).toContain('capture');
  });
});

describe('a cutover that is approved', () => {
  it('is refused while the run is paused or something is undecided', () => {
    expect(refuseCutover(proved, false)).toBeNull();
    expect(refuseCutover(proved, true)).toContain('paused');
    const finding = { id: 'orders.note.new_column' } as RunView['undecided'][number];
    expect(refuseCutover({ ...proved, undecided: [finding] }, false)).toContain('orders.note.new_column');
  });

  it('keeps its approval when all that is missing is a younger proof', () => {
    const proof = { name: 'proof', ok: false, sentence: 'The proof is 2 h old.' };
    const lag = { name: 'lag', ok: false, sentence: 'The lag is 9 s.' };
    expect(onlyProofMissing([proof, { ...lag, ok: true }])).toBe(true);
    expect(onlyProofMissing([proof, lag])).toBe(false);
    expect(onlyProofMissing([{ ...lag, ok: true }])).toBe(false);
    expect(whyAgain(notReady([proof, lag]))).toBe('The cutover did not begin: The proof is 2 h old. The lag is 9 s.');
  });
});

describe('a drill', () => {
  it('is refused before the run follows, during another one, and while it is paused', () => {
    const now = { open: true, busy: false, paused: false };
    expect(refuseDrill(proved, now)).toBeNull();
    expect(refuseDrill(inPhase(proved, 'copy', ''), { ...now, open: false })).toContain('this one is in copy');
    expect(refuseDrill(proved, { ...now, busy: true })).toContain('under way');
    expect(refuseDrill(proved, { ...now, paused: true })).toContain('paused');
  });
});

describe('how often the root hears of the lag', () => {
  const told: LastReport = { reports: 1, at, lag: 0.4, throttled: false, findings: '' };
  const later = (seconds: number): string => new Date(Date.parse(at) + seconds * 1000).toISOString();
  const behind = { ...report, lag: { ...report.lag, seconds: 31 } };

  it('is by coarse steps', () => {
    expect([0, 0.9, 1, 9, 31, 100_000].map(lagStep)).toEqual([0, 0, 1, 5, 30, 86_400]);
    expect(isWorthReporting(told, { ...report, lag: { ...report.lag, seconds: 0.8 } }, later(60))).toBe(false);
    expect(isWorthReporting(told, behind, later(60))).toBe(true);
    expect(isWorthReporting(told, { ...report, throttled: 'load' }, later(60))).toBe(true);
  });

  it('gets rarer the more was told, but findings are told at once', () => {
    expect(isWorthReporting({ ...told, reports: 50 }, behind, later(60))).toBe(false);
    expect(isWorthReporting({ ...told, reports: 50 }, behind, later(601))).toBe(true);
    expect(isWorthReporting({ ...told, reports: 200 }, { ...report, newFindings: ['a'] }, later(60))).toBe(false);
    expect(isWorthReporting({ ...told, reports: 100 }, { ...report, newFindings: ['a'] }, later(1))).toBe(true);
  });

  it('tells when what waited for a decision was decided or healed', () => {
    const asked = { ...told, reports: 100, findings: 'a' };
    expect(isWorthReporting(asked, { ...report, newFindings: ['a'], quarantined: 3 }, later(1))).toBe(false);
    expect(isWorthReporting(asked, report, later(1))).toBe(true);
  });

  it('does not repeat warnings whose figures alone changed', () => {
    expect(sameWarnings('The log is 1.2 GiB of 4 GiB.', 'The log is 1.3 GiB of 4 GiB.')).toBe(true);
    expect(sameWarnings('', 'The log is 1.3 GiB of 4 GiB.')).toBe(false);
  });
});
