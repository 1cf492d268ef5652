import { join } from 'node:path';
import { flag, integer, integerOrNull, number, numberOrNull } from '../../../src/postgres/row';
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

  it('is what statements read their figures and conditions with', () => {
    const files = sourceFiles(join(__dirname, '..', '..', '..'), ['src/postgres', 'src/engine']).filter(
      ({ path }) => !path.endsWith('postgres/row.ts'),
    );
    const bare = /\b(?:Number|parseInt|BigInt)\((?:rows?|found|result)[.?[]|=== '(?:true|false)'/;
    expect(files.filter(({ text }) => bare.test(text)).map(({ path }) => path)).toEqual([]);
  });
});

test.each([
  ['true', true],
  ['t', true],
  ['false', false],
  ['f', false],
  [null, false],
])('A condition that reads %j is %s', (text, value) => {
  expect(flag({ is: text }, 'is')).toBe(value);
});

test('A condition without a row is false; one without its column, or of another type, is an error that names the column only', () => {
  expect(flag(undefined, 'is')).toBe(false);
  for (const row of [{}, { is: '1' }, { is: 'TRUE' }, { is: '' }]) {
    expect(() => flag(row, 'is')).toThrow(expect.objectContaining({ code: 'RP4024' }));
    expect(() => flag(row, 'is')).toThrow('Column is of an answer');
  }
});
