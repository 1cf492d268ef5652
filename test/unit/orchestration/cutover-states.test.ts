import type { ChecklistLine, CutoverResult } from '../../../src/contract/delta';
import { afterAttempt, afterBarrier, linesOf, refusedBefore } from '../../../src/orchestration/cutover-states';

const line = (name: string, ok: boolean): ChecklistLine => ({ name, ok, sentence: `${name} it is.` });
const result = (outcome: CutoverResult['outcome']): CutoverResult => ({
  outcome,
  sentence: `It is ${outcome}.`,
  freezeMs: 1,
  lockAttempts: 1,
  changedKeys: 0,
  writers: [],
});

describe('an attempt at the cutover', () => {
  it('is not made while a line of the checklist does not hold; a drill is, and needs no approval', () => {
    const lines = [line('lag', true), line('approval', false)];
    expect(refusedBefore(linesOf(lines, false), false)?.outcome).toBe('refused');
    expect(linesOf(lines, true)).toEqual([line('lag', true)]);
    expect(refusedBefore([line('lag', false)], true)).toBeNull();
    expect(refusedBefore([line('lag', true)], false)).toBeNull();
  });

  it('is repeated twice where there was too much lag, and for nothing else', () => {
    expect([1, 2, 3].map((tries) => afterBarrier(result('lag'), tries))).toEqual(['catch up', 'catch up', 'answer']);
    expect(afterBarrier(result('lock'), 1)).toBe('answer');
  });

  it('leads to the opening, to one proof made again an approval, or back to the gate with why', () => {
    const old = [line('proof', false), line('lag', true)];
    expect(afterAttempt({ lines: [], result: result('frozen') }, false)).toEqual({ next: 'open the target' });
    expect(afterAttempt({ lines: old, result: result('refused') }, false).next).toBe('prove');
    expect(afterAttempt({ lines: old, result: result('refused') }, true).next).toBe('ask');
    expect(afterAttempt({ lines: [], result: result('deadline') }, false)).toMatchObject({ next: 'ask' });
  });
});
