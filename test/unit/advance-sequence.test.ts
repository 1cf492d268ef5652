import fc from 'fast-check';
import { advancedPosition } from '../../src/rollback/advance-sequence';

const up = { start: '1', increment: '1', min: '1', max: '9223372036854775807' };

describe('where a sequence stands after a load', () => {
  it('is past the largest value by the margin', () => {
    expect(advancedPosition(up, { lastValue: '1', isCalled: false }, ['40', '7'], 10)).toEqual({
      lastValue: '50',
      isCalled: true,
    });
  });
  it('stays when nothing was loaded', () => {
    expect(advancedPosition(up, { lastValue: '1', isCalled: false }, [], 10)).toBeNull();
  });
  it('never goes back', () => {
    expect(advancedPosition(up, { lastValue: '900', isCalled: true }, ['40'], 10)).toBeNull();
  });
  it('goes down where the sequence goes down', () => {
    const down = { start: '-1', increment: '-1', min: '-9223372036854775808', max: '-1' };
    expect(advancedPosition(down, { lastValue: '-1', isCalled: false }, ['-40', '-7'], 10)).toEqual({
      lastValue: '-50',
      isCalled: true,
    });
  });
  it('stays on the grid of an increment that keeps servers apart', () => {
    const third = { ...up, start: '3', increment: '10' };
    expect(advancedPosition(third, { lastValue: '3', isCalled: false }, ['40'], 5)).toEqual({
      lastValue: '53',
      isCalled: true,
    });
  });
  it('leaves the margin out where it would pass the limit, and stops at the limit', () => {
    expect(advancedPosition({ ...up, max: '100' }, { lastValue: '1', isCalled: true }, ['95'], 10)).toEqual({
      lastValue: '95',
      isCalled: true,
    });
    expect(advancedPosition({ ...up, max: '100' }, { lastValue: '1', isCalled: true }, ['200'], 10)).toEqual({
      lastValue: '100',
      isCalled: true,
    });
  });
  it('does not lose digits', () => {
    expect(advancedPosition(up, { lastValue: '1', isCalled: false }, ['9007199254740993'], 0)?.lastValue).toBe(
      '9007199254740993',
    );
  });
  it('gives a next value that no loaded row has, within the limits', () => {
    const whole = fc.integer({ min: -300, max: 300 });
    fc.assert(
      fc.property(
        fc.array(whole, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        fc.integer({ min: -50, max: 50 }),
        whole,
        fc.boolean(),
        fc.nat(20),
        (seen, size, rising, start, last, called, margin) => {
          const sequence = {
            start: String(start),
            increment: String(rising ? size : -size),
            min: '-10000',
            max: '10000',
          };
          const now = { lastValue: String(last), isCalled: called };
          const next = advancedPosition(sequence, now, seen.map(String), margin);
          const step = rising ? size : -size;
          const drawn = next === null ? last + (called ? step : 0) : Number(next.lastValue) + step;
          const beyond = (value: number): boolean => (rising ? drawn > value : drawn < value);
          return seen.every(beyond) && (next === null || (Number(next.lastValue) - start) % size === 0);
        },
      ),
    );
  });
});
