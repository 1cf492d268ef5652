import { reasonFinding, uniqueFinding } from '../../../src/profile/finding';

describe('what a finding says', () => {
  const reason = (kind: string, rows: number): string =>
    reasonFinding({ finding: 'd.v.x', column: 'v', kind, transform: 'cast' }, 'd', rows).sentence;

  it.each([
    ['cast_integer', '1 row is not a whole number.', '2 rows are not a whole number.'],
    [
      'not_null',
      '1 row has no value where the target requires one.',
      '2 rows have no value where the target requires one.',
    ],
    ['no_match', '1 row does not match the pattern.', '2 rows do not match the pattern.'],
    ['bad_date', '1 row matches none of the date formats.', '2 rows match none of the date formats.'],
    ['odd', '1 row fails with odd in cast.', '2 rows fail with odd in cast.'],
  ])('agrees with its number: %s', (kind, one, many) => {
    expect([reason(kind, 1), reason(kind, 2)]).toEqual([one, many]);
  });

  it('agrees with its number where rows repeat a value', () => {
    const unique = { finding: 'd.k', columns: ['k'], name: 'd_key' };
    expect(uniqueFinding(unique, 'd', 1).sentence).toMatch(/^1 row repeats a value/);
  });
});
