import type { Resolution } from '../../../src/contract/batch-copy';
import type { DeltaReport } from '../../../src/contract/delta';
import {
  afterAnswer,
  afterSlice,
  afterStop,
  afterTrouble,
  newFollower,
  nextStep,
  type FollowerState,
} from '../../../src/orchestration/follower';

const fresh = newFollower({ paused: false, caughtUp: false, once: false, stopped: null, reports: 0 });
const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString();
const slice = (seconds: number, caughtUp = true): DeltaReport => ({
  rounds: 1,
  keys: 1,
  lag: { changes: 1, seconds, walBytes: 0 },
  pending: 0,
  caughtUp,
  throttled: null,
  newFindings: [],
  quarantined: 0,
});
const resync: Resolution = { what: 'capture', do: 'resync', by: 'ana', reason: 'repaired' };

describe('the child that follows', () => {
  it('makes slices until it ends, waits while it is paused or stopped, and continues as new between two', () => {
    expect(nextStep(fresh, false)).toBe('slice');
    expect(nextStep(fresh, true)).toBe('continue as new');
    expect(nextStep({ ...fresh, paused: true }, false)).toBe('await running');
    expect(nextStep({ ...fresh, stopped: 'why' }, false)).toBe('await an answer');
    expect(nextStep({ ...fresh, ending: true, stopped: 'why' }, true)).toBe('end');
  });

  it('acts on an answer before it continues as new, which would lose it', () => {
    expect(nextStep({ ...fresh, stopped: 'why', answer: resync }, true)).toBe('take the answer');
  });

  it('tells the first slice and the first that left nothing behind; where it follows once, it ends with that', () => {
    const behind = afterSlice(fresh, slice(90, false), at(0));
    expect(behind.report).toMatchObject({ delta: { caughtUp: false } });
    const there = afterSlice({ ...behind.state, once: true }, slice(90), at(1));
    expect(there).toMatchObject({ report: { delta: { caughtUp: true } }, state: { caughtUp: true, ending: true } });
    expect(afterSlice({ ...there.state, once: false }, slice(90), at(2)).report).toBeNull();
  });

  it('tells a failure that may pass once, and that it passed', () => {
    const failed = afterTrouble(fresh, 'The target is away.', at(0));
    expect(failed.report).toEqual({ trouble: 'The target is away.' });
    expect(afterTrouble(failed.state, 'The target is away.', at(15)).report).toBeNull();
    expect(afterSlice(failed.state, slice(0), at(30)).report).toMatchObject({ trouble: null });
  });

  it('asks an operator where a failure stays; an answer of before does not count for it', () => {
    const stopped = afterStop({ ...fresh, caughtUp: true, answer: resync }, 'The slot is gone.');
    expect(stopped).toMatchObject({ report: { stopped: 'The slot is gone.' }, state: { answer: null } });
    const repaired = afterAnswer(stopped.state, resync, null);
    expect(repaired).toMatchObject({ report: { stopped: null }, state: { stopped: null, caughtUp: false } });
    const again = { ...stopped.state, answer: { ...resync, do: 'retry' as const } };
    expect(afterAnswer(again, resync, 'It is still gone.').state).toMatchObject({
      stopped: 'It is still gone.',
      answer: { do: 'retry' },
    });
  });

  it.each([
    [
      'the lag goes up and down',
      (state: FollowerState, now: number) => afterSlice(state, slice(now % 40 === 0 ? 0 : 100), at(now)),
    ],
    [
      'the target comes and goes',
      (state: FollowerState, now: number) =>
        now % 40 === 0 ? afterTrouble(state, 'It is away.', at(now)) : afterSlice(state, slice(0), at(now)),
    ],
    [
      'a finding comes and goes',
      (state: FollowerState, now: number) =>
        afterSlice(state, { ...slice(0), quarantined: 1, newFindings: now % 40 === 0 ? ['a'] : [] }, at(now)),
    ],
  ])('tells the root some hundred times in a week in which %s', (_what, turn) => {
    let state = fresh;
    let told = 0;
    for (let now = 0; now < 7 * 24 * 3600; now += 20) {
      const next = turn(state, now);
      state = next.state;
      if (next.report !== null) told += 1;
    }
    expect(told).toBeGreaterThan(100);
    expect(told).toBeLessThan(450);
  });
});
