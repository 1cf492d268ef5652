import { join } from 'node:path';
import { integer, integerOrNull, number, numberOrNull } from '../../../src/postgres/row';
import { sourceFiles } from '../../support/architecture';

describe('a reader of rows', () => {
  it('reads whole numbers that a double holds exactly', () => {
    expect(integer({ n: '42' }, 'n')).toBe(42);
    expect(integer({ n: '-1' }, 'n')).toBe(-1);
    expect(integerOrNull({ n: '9007199254740991' }, 'n')).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each([
    [{ n: '9007199254740992' }],
    [{ n: '1.5' }],
    [{ n: '' }],
    [{ n: 'secret' }],
    [{ n: 7 }],
    [{ n: null }],
    [{}],
    [undefined],
  ])('refuses %j as a whole number, without a word of the value', (row) => {
    expect(() => integer(row, 'n')).toThrow(/^Column n of an answer is [a-z, ]+ \(RP4024\)$/);
  });

  it('reads finite numbers', () => {
    expect(number({ s: '0.25' }, 's')).toBe(0.25);
    expect(number({ s: '1e+06' }, 's')).toBe(1_000_000);
    for (const s of ['', ' ', 'Infinity', 'NaN', null]) expect(() => number({ s }, 's')).toThrow('RP4024');
  });

  it('answers null for a column that is null and for no row, and refuses a column that was not asked for', () => {
    expect([integerOrNull({ n: null }, 'n'), integerOrNull(undefined, 'n')]).toEqual([null, null]);
    expect([numberOrNull({ n: null }, 'n'), numberOrNull(undefined, 'n')]).toEqual([null, null]);
    expect(() => integerOrNull({ m: '1' }, 'n')).toThrow('RP4024');
  });

  it('is what statements read their figures with', () => {
    const files = sourceFiles(join(__dirname, '..', '..', '..'), ['src/postgres']);
    const bare = /\b(?:Number|parseInt|BigInt)\((?:row|rows|found|result)\b/;
    expect(files.filter(({ text }) => bare.test(text)).map(({ path }) => path)).toEqual([]);
  });
});
