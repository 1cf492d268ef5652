import { refuseApproval } from '../../../src/progress/approval';
import { codeOf, sentenceOf } from '../../../src/progress/failure-sentence';
import { chosenFindings, refuseDecision, refuseResolution } from '../../../src/progress/refusals';
import { newView, withBlocked, withoutBlocked } from '../../../src/progress/run-view';
import type { FindingSummary } from '../../../src/contract/run';

const who = { by: 'ana', reason: 'because' };
const approval = { gate: 'copy', code: '7f3a-91c2', ...who };

describe('an approval', () => {
  it('stands at its gate, with the code of the plan, by one who may', () => {
    expect(refuseApproval(approval, ['copy'], null, '7f3a-91c2', { copy: ['ana'] })).toBeNull();
    expect(refuseApproval(approval, ['copy'], null, '7f3a-91c2', {})).toBeNull();
  });

  it.each([
    [[], null, '7f3a-91c2', {}, 'No gate waits for approval now, so copy cannot be approved.'],
    [['copy'], 'copy', '7f3a-91c2', {}, 'copy is approved already.'],
    [['rollback', 'keep'], null, '7f3a-91c2', {}, 'The run waits at rollback or keep, not at copy.'],
    [['copy'], null, '0000-0000', {}, /The plan code is 0000-0000; the approval names 7f3a-91c2/],
    [['copy'], null, '7f3a-91c2', { copy: ['ben', 'eva'] }, 'ana may not approve copy; the plan names ben, eva.'],
  ] as const)('is refused in a sentence: %j', (gates, already, code, approvers, sentence) => {
    expect(refuseApproval(approval, gates, already, code, approvers)).toMatch(sentence);
  });
});

describe('a decision and a resolution', () => {
  const undecided = [{ id: 'orders.day.bad_date', choices: ['quarantine', 'stop'] } as unknown as FindingSummary];
  const blocked = [{ what: 'orders:91', mapping: 'orders', ordinal: 91, why: 'x' }];

  it('are refused with what there is instead', () => {
    expect(refuseDecision({ finding: 'x', do: 'stop', ...who }, undecided)).toBe(
      'No undecided finding x. Undecided now: orders.day.bad_date.',
    );
    expect(refuseDecision({ finding: 'orders.day.bad_date', do: 'fire', ...who }, undecided)).toBe(
      'orders.day.bad_date takes quarantine or stop, not fire.',
    );
    expect(refuseResolution({ what: 'orders:9', do: 'retry', ...who }, blocked)).toBe(
      'orders:9 is not blocked. Blocked now: orders:91.',
    );
    expect(refuseResolution({ what: '*', do: 'retry', ...who }, [])).toBe('No batch is blocked. Blocked now: none.');
  });

  it('by a pattern stand for all alike that take it, and compare what they expect with the sum', () => {
    const triggers = ['a.t1.trigger', 'b.t2.trigger'].map(
      (id) => ({ id, rows: 0, choices: ['disable', 'fire', 'stop'] }) as unknown as FindingSummary,
    );
    const rows = ['a.x.orphan', 'b.y.orphan'].map(
      (id) => ({ id, rows: 3, choices: ['quarantine', 'stop'] }) as unknown as FindingSummary,
    );
    const all = [...triggers, ...rows];
    expect(refuseDecision({ finding: '*.trigger', do: 'disable', ...who }, all)).toBeNull();
    expect(chosenFindings({ finding: '*.trigger', do: 'disable', ...who }, all)).toEqual(triggers);
    expect(refuseDecision({ finding: '*.trigger', do: 'quarantine', ...who }, all)).toMatch(/^a\.t1\.trigger takes/);
    expect(refuseDecision({ finding: '*.orphan', do: 'quarantine', expect: { rows: 6 }, ...who }, all)).toBeNull();
    expect(refuseDecision({ finding: '*.orphan', do: 'quarantine', expect: { rows: 5 }, ...who }, all)).toBe(
      '*.orphan: The decision expected 5 rows, 6 are seen. Look at them, then decide it with the number that is seen.',
    );
    expect(refuseDecision({ finding: '*.enum', do: 'quarantine', ...who }, all)).toMatch(/^No undecided finding/);
  });

  it('stand for what waits', () => {
    expect(refuseDecision({ finding: 'orders.day.bad_date', do: 'stop', ...who }, undecided)).toBeNull();
    expect(refuseResolution({ what: 'orders:91', do: 'quarantine', ...who }, blocked)).toBeNull();
    expect(refuseResolution({ what: '*', do: 'retry', ...who }, blocked)).toBeNull();
  });
});

describe('what waits because of bad rows or a broken check', () => {
  const finding = (facts: Partial<FindingSummary>): FindingSummary => ({
    id: 'd.max_bad_rows',
    mapping: 'd',
    column: null,
    kind: 'limit',
    severity: 'decide',
    rows: 4,
    sentence: 'd has 4 bad rows.',
    choices: ['accept', 'stop'],
    decided: null,
    ...facts,
  });
  const accept = (rows?: number) => ({
    finding: 'd.max_bad_rows',
    do: 'accept' as const,
    ...(rows === undefined ? {} : { expect: { rows } }),
    ...who,
  });

  it('is accepted with a number: a limit with the most that may be, a check with what is seen', () => {
    expect(refuseDecision(accept(), [finding({})])).toMatch(/which is 4 now/);
    expect(refuseDecision(accept(3), [finding({})])).toMatch(/expected 3 rows, 4 are seen/);
    expect(refuseDecision(accept(400), [finding({})])).toBeNull();
    expect(refuseDecision(accept(400), [finding({ kind: 'reference' })])).toMatch(/expected 400 rows, 4 are seen/);
    expect(refuseDecision(accept(4), [finding({ kind: 'reference' })])).toBeNull();
  });

  it('is only looked at again by a resolution', () => {
    const blocked = [{ what: 'd:bad_rows', mapping: 'd', ordinal: 0, why: 'x' }];
    expect(refuseResolution({ what: 'd:bad_rows', do: 'quarantine', ...who }, blocked)).toBe(
      'd:bad_rows takes retry, not quarantine. Decide its findings instead.',
    );
    expect(refuseResolution({ what: '*', do: 'quarantine', ...who }, blocked)).toMatch(/takes quarantine/);
    expect(refuseResolution({ what: 'd:bad_rows', do: 'retry', ...who }, blocked)).toBeNull();
  });

  it('takes its findings from the page once it is decided, and leaves those of others', () => {
    const other = finding({ id: 'e.x', mapping: 'e' });
    const block = { what: 'd:bad_rows', mapping: 'd', ordinal: 0, why: 'x' };
    const asked = withBlocked({ ...newView('2026-01-01T00:00:00Z', 'p'), undecided: [other] }, block, [finding({})]);
    expect(asked.undecided.map(({ id }) => id)).toEqual(['e.x', 'd.max_bad_rows']);
    const again = withBlocked(asked, block, [finding({ rows: 9 })]);
    expect(again.undecided.map(({ rows }) => rows)).toEqual([4, 9]);
    const decided = withoutBlocked(again, block.what);
    expect([decided.blocked, decided.undecided]).toEqual([[], [other]]);
  });
});

describe('the sentence of a failure', () => {
  it('is that of the innermost cause, with its code', () => {
    const cause = Object.assign(new Error('No plan shopp.'), { type: 'RP4201' });
    const wrapped = new Error('Child failed', { cause: new Error('Activity task failed', { cause }) });
    expect([sentenceOf(wrapped), codeOf(wrapped)]).toEqual(['No plan shopp.', 'RP4201']);
    expect([sentenceOf(null), codeOf(null), codeOf(new Error('x'))]).toEqual(['The run failed.', 'Failed', 'Failed']);
  });
});
