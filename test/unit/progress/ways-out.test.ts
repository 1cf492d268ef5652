import type { FindingSummary } from '../../../src/contract/run';
import { alike } from '../../../src/progress/alike-findings';
import { planDecisions } from '../../../src/progress/check-result';
import { decide, quoted } from '../../../src/progress/commands';
import { waysOut, type RunEnd } from '../../../src/progress/ways-out';

const end: RunEnd = {
  run: 'crm-3',
  plan: 'crm',
  outcome: null,
  sentence: null,
  phase: 'copy',
  opened: false,
  frozen: [],
  rollingBack: false,
  undoable: true,
};
const ways = (changes: Partial<RunEnd>): string[] => waysOut({ ...end, ...changes }).map(({ command }) => command);
const back = 'rowproof rollback crm-3 --by YOU --reason WHY';
const lift = 'rowproof finish crm-3 --release-freeze';

describe('the commands that lead on from the end of a run', () => {
  it('go on with it or undo it while that is possible, and free its sources where they are frozen', () => {
    expect(ways({})).toEqual(['rowproof run crm-3', back]);
    expect(ways({ outcome: 'failed', frozen: ['legacy'] })).toEqual(['rowproof run crm-3', back, lift]);
    expect(ways({ outcome: 'failed', rollingBack: true })).toEqual([back]);
  });

  it('are the rollback alone, and say why, where sources were frozen before the copy and take writes again', () => {
    expect(ways({ released: true, outcome: 'failed' })).toEqual([back]);
    expect(ways({ released: true, outcome: 'failed', rollingBack: true })).toEqual([back]);
    expect(waysOut({ ...end, released: true })[0]?.does).toContain(
      'nothing else is possible: the sources were frozen before',
    );
  });

  it('never undo a target that is open', () => {
    expect(ways({ opened: true, outcome: 'failed', frozen: ['legacy'] })).toEqual(['rowproof run crm-3', lift]);
    expect(ways({ opened: true, outcome: 'complete', frozen: ['legacy'] })).toEqual([lift]);
    expect(ways({ opened: true, outcome: 'complete' })).toEqual(['rowproof finish crm-3']);
    expect(ways({ opened: true, frozen: ['legacy'] })).toEqual(['rowproof run crm-3']);
  });

  it('only remove the ledger of what is over', () => {
    const over = { undoable: false, rollingBack: true };
    expect(ways({ outcome: 'rolled_back', ...over })).toEqual(['rowproof finish crm-3']);
    expect(ways({ outcome: 'failed', ...over })).toEqual(['rowproof finish crm-3']);
    expect(ways({ outcome: 'checked', undoable: false })).toEqual(['rowproof finish crm-3']);
    expect(ways({ outcome: 'complete' })).toEqual([back, 'rowproof finish crm-3']);
  });
});

describe('printed commands', () => {
  it('quote what a shell would read otherwise', () => {
    expect(quoted('orders:91')).toBe('orders:91');
    expect(quoted('*.trigger')).toBe("'*.trigger'");
    expect(quoted("it's")).toBe(`'it'\\''s'`);
    expect(decide('crm-3', 'a b.orphan', 'quarantine', 7)).toBe(
      "rowproof decide 'a b.orphan' quarantine --expect 7 --by YOU --reason WHY --run crm-3",
    );
  });
});

describe('findings that are alike', () => {
  const finding = (id: string, choices: string[], rows = 0): FindingSummary =>
    ({ id, choices, rows }) as unknown as FindingSummary;

  it('are offered by one pattern that covers exactly them, with the sum of their rows', () => {
    const found = [
      finding('a.t1.trigger', ['disable', 'fire']),
      finding('b.t2.trigger', ['disable', 'fire']),
      finding('a.x.orphan', ['quarantine'], 3),
      finding('b.y.orphan', ['quarantine'], 4),
      finding('b.y.enum', ['quarantine'], 1),
    ];
    expect(alike(found).map(({ pattern, rows }) => [pattern, rows])).toEqual([
      ['*.trigger', 0],
      ['*.orphan', 7],
    ]);
    expect(alike([finding('a.x.orphan', ['quarantine']), finding('b.x.orphan', ['stop'])])).toEqual([]);
  });

  it('are written into a plan with the rows that are known', () => {
    expect(planDecisions([finding('a.x.orphan', ['quarantine'], 3), finding('a.t.trigger', ['disable'])])).toEqual([
      'decisions:',
      '  "a.x.orphan": { do: quarantine, expect: { rows: 3 }, because: WHY, by: YOU }',
      '  "a.t.trigger": { do: disable, because: WHY, by: YOU }',
    ]);
  });
});
